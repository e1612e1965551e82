-- expect: host_limit
return function() while true do pcall(demo.fail, "x") end end
