-- expect: ok
-- result: [[]]
return function() return string end
