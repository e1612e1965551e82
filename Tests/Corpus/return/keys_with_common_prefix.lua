-- expect: ok
-- result: [{"a":1,"a\u0000":2,"aaaaaaaa":3,"aaaaaaaaa":4,"aaaaaaaab":5}]
return function() return { aaaaaaaab = 5, aaaaaaaaa = 4, aaaaaaaa = 3, ["a\0"] = 2, a = 1 } end
