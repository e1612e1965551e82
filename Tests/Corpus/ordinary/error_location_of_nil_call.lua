-- expect: error
-- message: attempt to call a nil value (field 'missing')
-- line: 4
return function() return math.missing() end
