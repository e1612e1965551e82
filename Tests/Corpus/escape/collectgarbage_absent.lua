-- expect: error
-- message: undefined global 'collectgarbage'
return function() collectgarbage("stop") end
