-- expect: result
return function() return { ["\xc0\x80"] = 1 } end
