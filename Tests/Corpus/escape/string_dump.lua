-- expect: error
-- message: attempt to call a nil value (field 'dump')
return function() return string.dump(function() end) end
