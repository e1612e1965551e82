-- expect: result
return function() return "1234567\xe2\x82" end
