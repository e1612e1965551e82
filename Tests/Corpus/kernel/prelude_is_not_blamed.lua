-- expect: error
-- message: refused by the prelude
-- line: 5
return function()
  guard(false)
end
