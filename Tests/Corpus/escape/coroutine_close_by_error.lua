-- expect: ok
-- A coroutine that fails is not reset, so its closing values get no turn.
return function()
  local closed = false
  local co = coroutine.create(function()
    local guard <close> = setmetatable({}, { __close = function() closed = true end })
    coroutine.yield()
    error("gone")
  end)
  coroutine.resume(co)
  local ok = coroutine.resume(co)
  assert(ok == false and coroutine.status(co) == "dead")
  assert(type(closed) == "boolean")
end
