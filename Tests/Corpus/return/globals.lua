-- expect: ok
-- result: [[]]
return function() return _G end
