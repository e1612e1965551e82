-- expect: error
-- message: attempt to call a nil value (method 'dump')
return function() return ("x"):dump(function() end) end
