-- expect: steps|time
while true do end
return function() end
