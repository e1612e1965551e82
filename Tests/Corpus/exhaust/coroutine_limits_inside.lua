-- expect: steps|time
-- The budget ends inside a coroutine inside a coroutine.
return function()
  coroutine.wrap(function()
    coroutine.wrap(function() while true do end end)()
  end)()
end
