-- expect: error
-- message: too many elements to move
return function() table.move({}, 1, math.maxinteger, 2) end
