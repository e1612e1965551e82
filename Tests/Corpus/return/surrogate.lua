-- expect: result
return function() return "\xed\xa0\x80" end
