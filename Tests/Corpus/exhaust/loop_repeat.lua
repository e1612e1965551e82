-- expect: steps|time
return function() repeat until false end
