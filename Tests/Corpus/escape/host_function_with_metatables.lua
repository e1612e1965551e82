-- expect: ok
-- result: [{"a":1}]
-- No metamethod runs while a value crosses.
return function()
  return demo.echo(setmetatable({ a = 1 }, {
    __index = function() error("ESCAPED") end, __len = function() error("ESCAPED") end,
    __pairs = function() error("ESCAPED") end, __tostring = function() error("ESCAPED") end,
  }))
end
