-- The rule of the `rule_call` measurement: twenty fields in, twenty out.
return {
  run = function(input)
    local total = 0
    for index = 1, 12 do total = total + input[index < 10 and "f0" .. index or "f" .. index] end
    return {
      f01 = total, f02 = input.f01 + input.f02, f03 = input.f03 * 2, f04 = input.f04 - 1, f05 = input.f05 // 2,
      f06 = input.f06 % 7, f07 = input.f07, f08 = input.f08, f09 = input.f09, f10 = input.f10, f11 = input.f11,
      f12 = input.f12, f13 = input.f13, f14 = input.f14, f15 = input.f15, f16 = input.f16, f17 = input.f17,
      f18 = input.f18 .. "!", f19 = not input.f19, f20 = input.f01 > 3,
    }
  end,
}
