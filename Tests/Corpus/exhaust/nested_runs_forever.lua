-- expect: depth|steps|time
return function() demo.again(1) end
