-- expect: ok
return function()
  for _, v in ipairs { {}, print, function() end, coroutine.create(print) } do
    assert(not tostring(v):find("0x"), tostring(v))
    assert(not (string.format("%s", v)):find("0x"))
  end
end
