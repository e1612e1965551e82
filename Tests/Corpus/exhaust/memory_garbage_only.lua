-- expect: steps|time
-- Garbage alone never meets the limit.
return function() while true do local t = { 1, 2, 3, {} } end end
