-- expect: ok
-- result: [3,"c",2]
return function()
  local function f(...) return select("#", ...), (select(3, ...)), select("#", select(-2, ...)) end
  return f("a", nil, "c")
end
