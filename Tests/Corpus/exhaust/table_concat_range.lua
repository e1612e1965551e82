-- expect: error
-- message: invalid value (at index 1)
return function() return table.concat({}, "", 1, math.maxinteger) end
