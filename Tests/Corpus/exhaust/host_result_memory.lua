-- expect: memory
return function() local t = {} while true do t[#t + 1] = demo.big(1000000) end end
