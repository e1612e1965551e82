-- text: for lines of a fixed width, counted in characters.
local kernel = ...
local len, offset = utf8.len, utf8.offset
local M = {}

local function width(s) return len(s) or #s end

---How many columns the text takes.
M.width = width

---The first `n` characters.
function M.cut(s, n)
  if width(s) <= n then return s end
  if n <= 0 then return "" end
  return s:sub(1, offset(s, n + 1) - 1)
end

---Filled up with spaces on the right, or on the left with side "left".
function M.pad(s, n, side)
  local missing = n - width(s)
  if missing <= 0 then return s end
  local fill = (" "):rep(missing)
  if side == "left" then return fill .. s end
  return s .. fill
end

---In the middle of `n` columns.
function M.center(s, n)
  s = M.cut(s, n)
  return (" "):rep((n - width(s)) // 2) .. s
end

kernel.global("text", M)
