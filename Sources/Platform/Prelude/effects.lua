-- http and print: what leaves the house, in the words that Lua people know.
local kernel = ...
local host = kernel.host

---Asks somebody outside and waits; for the fetch of a job.
---@return table? response { status, headers, body, json }
---@return table? error { code, message, retryable }
local function request(options)
  local answer = host.http.request(options)
  return answer.response, answer.error
end

kernel.global("http", { request = request, send = host.http.send })

-- As a function it goes on writing to the log.
local log = host.log.debug
kernel.global("print", kernel.setmetatable({ raw = host.print.raw }, {
  __call = function(_, ...)
    local texts = table.pack(...)
    for i = 1, texts.n do texts[i] = tostring(texts[i]) end
    log(table.concat(texts, "\t"))
  end,
  __metatable = false,
}))
