-- expect: depth|steps|time
return function() pcall(demo.again, 1) return "survived" end
