-- expect: ok
assert(kernel.loading() and kernel.where():find("kernel/where_at_load.lua:2$"))
kernel.global("made_at_load", 5)
return function() assert(made_at_load == 5) end
