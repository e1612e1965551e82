-- expect: ok
-- result: [{"a":{"n":1},"b":{"n":1}}]
return function() local t = { n = 1 } return { a = t, b = t } end
