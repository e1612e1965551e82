-- expect: ok
-- result: [null,null,null]
return function() return rawget(_G, "io"), rawget(_G, "os"), rawget(_G, "debug") end
