-- What `luacheck` knows about our Lua: the sandbox's globals (Tests/Corpus/globals.txt) and nothing else.
std = "none"
max_line_length = 140
codes = true
unused_args = true

-- Plain Lua, as far as the sandbox keeps it.
local lua = {
  "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "print", "rawequal", "rawget", "rawlen", "rawset",
  "require", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall", "_G", "_VERSION",
  "coroutine", "math", "string", "table", "utf8",
}
-- Host modules and the words of the trade (HOSTAPI 5 and 6).
local host = {
  "record", "money", "decimal", "date", "ledger", "sequence", "tax", "rules", "report", "log", "reject", "problems",
  "user", "auth", "tenant", "branch", "till", "settings", "event", "job", "http", "mail", "message", "secret", "store", "json", "text", "hash", "uuid", "budget",
  "file", "trace",
}
read_globals = {}
for _, name in ipairs(lua) do read_globals[#read_globals + 1] = name end
for _, name in ipairs(host) do read_globals[#read_globals + 1] = name end

-- The prelude makes those globals, from the one table it is given.
files["Sources/Platform/Prelude"] = { read_globals = { "kernel" } }
-- The words of tests (HOSTAPI 8), as far as there are.
files["**/*_test.lua"] = {
  read_globals = {
    "describe", "it", "before_each", "after_each", "pending", "cases", "property", "gen", "fixture", "given", "clock", "random",
    "as_user", "in_branch", "on_till", "with_settings", "device", "call", "post", "void", "run_job", "run_due", "replay", "expect", "expect_reject",
    "expect_entry", "expect_balanced", "expect_effect", "expect_no_effects", "expect_rule", "expect_trace", "expect_budget",
  },
}
