-- expect: error
-- message: tab and delete ok?
return function() error("tab\tand\127delete ok\xf0\x9f", 0) end
