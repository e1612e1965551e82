-- expect: error
-- message: 5 € or 5 𝄞 or ?
return function() error("5 \u{20ac} or 5 \u{1d11e} or \xe2\x82", 0) end
