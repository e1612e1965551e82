-- expect: result
return function() return "\xf4\x90\x80\x80" end
