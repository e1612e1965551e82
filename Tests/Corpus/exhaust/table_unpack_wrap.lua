-- expect: error
-- message: too many results to unpack
return function() return table.unpack({}, math.mininteger, math.maxinteger) end
