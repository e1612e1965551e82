-- expect: error
-- message: undefined global 'debug'
return function() debug.sethook() while true do end end
