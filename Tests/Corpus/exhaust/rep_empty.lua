-- expect: ok
-- result: [""]
return function() return (""):rep(math.maxinteger) end
