-- expect: memory
return function() local l while true do l = { next = l } end end
