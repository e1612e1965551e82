-- expect: error
-- message: attempt to compare
return function() table.sort { {}, {}, {} } end
