-- expect: compile
-- message: unfinished long comment
return function( --[[ never
