-- expect: ok
return function()
  assert(("Hello"):upper() == "HELLO" and ("Hello"):lower() == "hello" and ("abc"):reverse() == "cba")
  assert(("x"):rep(3, ",") == "x,x,x" and ("hello"):sub(2, -2) == "ell" and ("hello"):sub(-3) == "llo")
  assert(("hello"):byte() == 104 and select("#", ("hello"):byte(1, -1)) == 5 and string.char(72, 105) == "Hi")
  assert(#"abc" == 3 and ("abc"):len() == 3 and ("abc"):sub(5) == "" and ("abc"):sub(0) == "abc")
  assert(("abc"):sub(2, 1) == "" and ("abc"):sub(-100, 100) == "abc" and ("abc"):byte(10) == nil)
end
