-- expect: error
-- from_host: true
-- message: bad
return function() demo.fail("bad") end
