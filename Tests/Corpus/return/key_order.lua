-- expect: ok
-- result: [{"":0,"A":1,"a":2,"ab":3,"b":4,"é":5}]
return function() return { b = 4, ab = 3, ["é"] = 5, A = 1, a = 2, [""] = 0 } end
