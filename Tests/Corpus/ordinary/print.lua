-- expect: ok
-- log: a\t1\tnil\ttrue\ttable\n\n
return function()
  print("a", 1, nil, true, {})
  print()
end
