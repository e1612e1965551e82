-- expect: error
-- message: undefined global 'warn'
return function() warn("@on") end
