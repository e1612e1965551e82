-- expect: ok
return function()
  local co
  co = coroutine.create(function() return coroutine.resume(co) end)
  local ok, inner = coroutine.resume(co)
  assert(ok and inner == false)
end
