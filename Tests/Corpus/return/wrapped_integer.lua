-- expect: ok
-- result: [-9223372036854775808]
return function() return math.maxinteger + 1 end
