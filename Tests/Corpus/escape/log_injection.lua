-- expect: error
-- message: line one
return function() error("line one\r\27[2Jline two\0three") end
