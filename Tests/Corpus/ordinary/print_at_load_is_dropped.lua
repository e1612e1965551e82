-- expect: ok
-- log: at run\n
print("at load")
return function() print("at run") end
