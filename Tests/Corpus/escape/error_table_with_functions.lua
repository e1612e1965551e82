-- expect: error
-- message: see
return function() error({ message = "see", f = print }) end
