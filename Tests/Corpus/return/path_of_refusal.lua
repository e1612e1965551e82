-- expect: result
-- message: (at a.b[2][1].c
return function()
  return { a = { b = { 1, { { c = { [("k"):rep(100)] = { print } } } } } } }
end
