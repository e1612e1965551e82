-- expect: ok
-- result: [{"1":"a","2":"b"}]
return function() return { ["1"] = "a", ["2"] = "b" } end
