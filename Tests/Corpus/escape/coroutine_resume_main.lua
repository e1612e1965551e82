-- expect: ok
return function()
  local main, is_main = coroutine.running()
  assert(is_main)
  assert(coroutine.resume(main) == false)
  assert(coroutine.status(main) == "running")
end
