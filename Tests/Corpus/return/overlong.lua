-- expect: result
return function() return "\xe0\x80\xaf" end
