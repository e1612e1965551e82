-- expect: error
-- message: __gc is not available
return function()
  setmetatable({}, { __gc = function() while true do end end })
end
