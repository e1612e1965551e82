-- expect: error
-- message: keys of type table have no fixed order
return function() for k in pairs { [{}] = 1, [{}] = 2 } do return k end end
