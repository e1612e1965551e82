-- expect: ok
return function()
  assert(utf8.char(72, 228, 8364, 0x1d11e) == "Hä€𝄞" and utf8.len("Hä€𝄞") == 4)
  local t = {}
  for p, c in utf8.codes("aé") do t[#t + 1] = p .. ":" .. c end
  assert(table.concat(t, " ") == "1:97 2:233")
  assert(utf8.codepoint("é") == 233 and utf8.offset("aéb", 3) == 4)
  assert(not pcall(utf8.char, 0x110000) and not pcall(utf8.char, 0xd800) and utf8.len("\xff") == nil)
  for c in ("aé"):gmatch(utf8.charpattern) do assert(#c <= 2) end
end
