-- expect: ok
-- result: [10]
return function(n)
  if n == nil then return demo.again(4) end
  if n == 0 then return 0 end
  return n + demo.again(n - 1)
end
