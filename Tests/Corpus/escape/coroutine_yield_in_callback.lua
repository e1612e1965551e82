-- expect: ok
return function()
  local co = coroutine.create(function() return (("abc"):gsub(".", function(c) coroutine.yield(c) end)) end)
  local ok, message = coroutine.resume(co)
  assert(not ok and message:find("yield across", 1, true))
  assert(("abc"):gsub("b", "x") == "axc")
end
