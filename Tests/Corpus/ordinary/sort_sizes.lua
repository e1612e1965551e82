-- expect: ok
return function()
  for n = 0, 70 do
    local t = {}
    for i = 1, n do t[i] = i * 31 % 17 end
    table.sort(t)
    for i = 2, n do assert(t[i - 1] <= t[i]) end
    assert(#t == n)
  end
end
