-- expect: ok
-- result: [7,3,1,2.5,-4,8]
return function() return 3 + 4, 7 // 2, 7 % 2, 5 / 2, -7 // 2, 1 << 3 end
