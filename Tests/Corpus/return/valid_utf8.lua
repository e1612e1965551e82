-- expect: ok
-- result: ["a é € 𝄞 \u0000"]
return function() return "a é € 𝄞 \0" end
