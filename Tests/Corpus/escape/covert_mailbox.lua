-- expect: ok
-- Each run must find the box empty.
local box = {}
return function()
  assert(box.letter == nil, "ESCAPED: a run before left a letter")
  box.letter = "secret"
end
