-- expect: internal|error|host_limit
return function()
  local many = {}
  for i = 1, 300 do many[i] = i end
  return select("#", demo.echo(table.unpack(many)))
end
