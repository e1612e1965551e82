-- expect: error
-- message: bad ? byte
return function() error("bad \xff byte", 0) end
