-- expect: ok
-- result: [0,-1,9223372036854775807,-9223372036854775808]
return function() return 0, -1, math.maxinteger, math.mininteger end
