-- expect: error
-- message: only.code
return function() error({ code = "only.code" }) end
