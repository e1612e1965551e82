-- expect: ok
-- result: [0.5,-2.25,1e+300]
return function() return 0.5, -2.25, 1e300 end
