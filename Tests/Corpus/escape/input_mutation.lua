-- expect: ok
return function()
  local given = demo.echo({ list = { 1, 2, 3 } })
  given.list[1] = "changed"
  local again = demo.echo({ list = { 1, 2, 3 } })
  assert(again.list[1] == 1)
end
