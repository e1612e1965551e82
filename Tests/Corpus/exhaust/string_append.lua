-- expect: steps|time|memory
return function() local s = "" while true do s = s .. "xxxxxxxxxxxxxxxx" end end
