-- expect: steps|time
return function(n)
  if n == 1 then for _ = 1, 1000000 do end return end
  while true do demo.again(1) end
end
