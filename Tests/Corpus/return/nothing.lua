-- expect: ok
-- result: []
return function() end
