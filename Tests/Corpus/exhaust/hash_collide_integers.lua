-- expect: steps|time|memory
-- Integer keys are not hashed by Lua: multiples of the table's size meet in one chain.
return function()
  local t, step = {}, (1 << 20) - 1
  for i = 1, 1e7 do t[i * step] = i end
end
