-- expect: steps|time
return function() ::top:: goto top end
