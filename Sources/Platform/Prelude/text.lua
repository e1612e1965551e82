-- text: for lines of a fixed width, counted in characters.
--
--   width(s)         how many columns the text takes
--   cut(s, n)        the first n characters
--   pad(s, n, side)  filled up with spaces on the right, or on the left with side "left"
--   center(s, n)     in the middle of n columns
local kernel = ...

kernel.global("text", kernel.text)
