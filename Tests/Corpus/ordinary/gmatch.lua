-- expect: ok
-- result: [["one","two","three"],{"a":"1","b":"2"}]
return function()
  local words, pairs_ = {}, {}
  for w in ("one two  three"):gmatch("%a+") do words[#words + 1] = w end
  for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do pairs_[k] = v end
  local n = 0
  for _ in ("abc"):gmatch("") do n = n + 1 end
  assert(n == 4)
  return words, pairs_
end
