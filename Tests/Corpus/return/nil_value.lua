-- expect: ok
-- result: [null]
return function() return nil end
