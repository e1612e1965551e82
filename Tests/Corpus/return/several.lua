-- expect: ok
-- result: [1,"two",true,null]
return function() return 1, "two", true, nil end
