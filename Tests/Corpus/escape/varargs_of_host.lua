-- expect: ok
return function()
  local many = {}
  for i = 1, 200 do many[i] = i end
  assert(select("#", demo.echo(table.unpack(many))) == 200)
end
