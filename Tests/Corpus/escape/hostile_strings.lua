-- expect: ok
-- result: ["\"\\\u0001\u001f</script>'; DROP TABLE x; --"]
return function() return demo.echo("\"\\\1\31</script>'; DROP TABLE x; --") end
