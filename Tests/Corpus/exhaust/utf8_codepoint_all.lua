-- expect: error|memory|steps
return function() return select("#", utf8.codepoint(("é"):rep(2000000), 1, -1)) end
