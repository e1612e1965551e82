-- expect: error
-- message: boom
-- line: 5
return function()
  local function f() error("boom") end f()
end
