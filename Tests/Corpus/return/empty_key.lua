-- expect: ok
-- result: [{"":1}]
return function() return { [""] = 1 } end
