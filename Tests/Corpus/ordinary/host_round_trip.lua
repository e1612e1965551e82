-- expect: ok
-- result: [{"a":[1,2.5,"x",false],"b":{"c":{"d":[]}}}]
return function() return demo.echo({ a = { 1, 2.5, "x", false }, b = { c = { d = {} } } }) end
