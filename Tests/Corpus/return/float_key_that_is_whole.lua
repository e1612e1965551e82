-- expect: ok
-- result: [["a"]]
return function() return { [1.0] = "a" } end
