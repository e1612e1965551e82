-- text: for lines of a fixed width, counted in characters.
local kernel = ...
local M = {}

---How many columns the text takes.
function M.width(s) return utf8.len(s) or #s end

---The first `n` characters.
function M.cut(s, n)
  if M.width(s) <= n then return s end
  if n <= 0 then return "" end
  return s:sub(1, utf8.offset(s, n + 1) - 1)
end

---Filled up with spaces on the right, or on the left with side "left".
function M.pad(s, n, side)
  local fill = (" "):rep(math.max(0, n - M.width(s)))
  if side == "left" then return fill .. s end
  return s .. fill
end

---In the middle of `n` columns.
function M.center(s, n)
  s = M.cut(s, n)
  return (" "):rep((n - M.width(s)) // 2) .. s
end

kernel.global("text", M)
