import Core
import Platform
import Scripting
import Storage
import TestSupport
import Testing

/// What a version of a plugin would have changed, told by the requests that were made under the one before.
@Suite struct PluginImpactTests {
    /// A plugin whose code has the price in it.
    private static func hire(_ version: String = "1.0.0", price: String = "money(\"10.00\"):mul(days)", _ more: [String: String] = [:]) -> [String: String] {
        [
            "plugin.lua": """
                return { name = "hire", version = "\(version)", title = "Hire", publisher = "hire.example", license = "MIT", api = "2026.1",
                  permissions = { { "hire.do", title = "Hire" } }, capabilities = { ledger = { post = { "1000", "3000" } } } }
                """,
            "lib/price.lua": "return { of = function(days) return \(price) end }",
            "records/hire.lua": """
                return { type = "hire.hire", path = "hires-made", permissions = { read = "hire.do", write = "hire.do" },
                  fields = { { "days", "integer" }, { "fee", "money" }, { "card", "encrypted", permission = "hire.do" } } }
                """,
            "routes/hire.lua": """
                local price = require "hire.lib.price"
                return { method = "POST", path = "/api/hires", permission = "hire.do", idempotency_required = true,
                  input = { { "days", "integer", required = true }, { "card", "text" }, { "seed", "boolean" } },
                  output = { { "id", "integer" }, { "total", "money" }, { "parts", "list", fields = { { "amount", "money" } } } },
                  run = function(req)
                    local total = price.of(req.body.days)
                    if req.body.seed then total = total + money.of(math.random(1, 1000000), tenant.currency) end
                    if req.body.days > 100 then reject { code = "hire.too_long", field = "days" } end
                    local hire = record.create("hire.hire", { days = req.body.days, fee = total, card = req.body.card })
                    ledger.post { memo = "Hire", lines = { { account = "1000", debit = total }, { account = "3000", credit = total } } }
                    if total > money "50.00" then mail.send { to = "boss@example.com", subject = "Large", text = "A large one." } end
                    return { id = hire.id, total = total, parts = { { amount = total } } }
                  end }
                """,
            "routes/price.lua": """
                local price = require "hire.lib.price"
                return { method = "GET", path = "/api/hires/price/{days}", permission = "hire.do", params = { { "days", "integer" } },
                  output = { { "total", "money" } }, run = function(req) return { total = price.of(req.params.days) } end }
                """,
            "tests/hire_test.lua": """
                it("has a price", function() expect(call("GET", "/api/hires/price/1").body.total):equals(1000) end)
                """,
        ].merging(more) { $1 }
    }

    private static let cheaper = "days >= 7 and money(\"9.00\"):mul(days) or money(\"10.00\"):mul(days)"
    private static let key = Result { try SigningKey(rawBytes: [UInt8](repeating: 9, count: 32)) }

    /// With the accounts and periods that the plugin posts to.
    private func business(_ plugins: [String: String]...) throws -> Works {
        let works = try Works()
        let shipped = Shipped(home: Repository.home), (tenant, actor, clock) = (works.tenant, works.house.actor, works.house.clock)
        let revision = try tenant.store.write { db in
            try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(
                files: try shipped.plugin("accounting"), shippedRules: try shipped.rules())
        }
        tenant.revisionSlot.publish(revision)
        for files in plugins { try works.install(files) }
        return works
    }

    private func packed(_ files: [String: String], key: SigningKey? = nil) throws -> [UInt8] {
        let key = try key ?? Self.key.get(), files = files.mapValues { Array($0.utf8) }
        return try ScriptThread.run { try PluginArchive.pack(files, key: key) }
    }

    private func impact(_ works: Works, _ files: [String: String], with others: [[String: String]] = []) throws -> Value {
        try works.call(.post, "/api/plugin-impacts", [
            "archive": .string(Base64.encode(try packed(files))), "with": .array(try others.map { .string(Base64.encode(try packed($0))) }),
        ]).value
    }

    /// One request in each second, so that all are recorded.
    @discardableResult
    private func hire(_ works: Works, _ days: Int64, _ more: Object = [:], as principal: Principal = Works.manager) throws -> Value {
        works.house.advance(seconds: 1)
        var body: Object = ["days": .int(days)]
        for (name, value) in more { body[name] = value }
        return try JSON.parse(JSON.serialize(try works.call(.post, "/api/hires", .object(body), as: principal).value))
    }

    private func set(_ works: Works, _ key: String, _ value: Value) throws {
        _ = try works.call(.put, "/api/settings", ["values": .object([key: value])])
    }

    private func digest(_ works: Works) throws -> String {
        let rows = try works.tenant.store.read { db in
            try ["hire_hires", "ledger_entries", "platform_outbox", "platform_packages", "platform_revisions"].map { name in
                try db.integer(SQL("SELECT count(*) FROM \(name)"))
            }
        }
        return "\(rows)"
    }

    @Test func `a price in a plugin's code is changed as a draft: its impact is told in money, it is installed, and rolled back`() throws {
        let works = try business()
        func draft(_ files: [String: String]) throws {
            _ = try works.call(.put, "/api/plugin-drafts/hire", bytes: try packed(files), contentType: "application/gzip")
        }
        func install() throws -> Value {
            let plan = try works.call(.get, "/api/plugins/hire/plan", query: [("draft", "true")]).value
            #expect(plan["publisher"]?["status"] == "unsigned")
            #expect(plan["consents"]?.array?.contains("unsigned") == true)
            #expect(code { try works.call(.post, "/api/plugins/hire/install", ["draft": true, "plan": plan["digest"] ?? .null, "consents": ["capabilities"]]) }
                == "plugin.consent_needed")
            return try works.call(
                .post, "/api/plugins/hire/install", ["draft": true, "plan": plan["digest"] ?? .null, "consents": plan["consents"] ?? .null]).value
        }
        try draft(Self.hire())
        // Nobody vouches for a draft, so a business takes none unless it says so.
        #expect(code { try works.call(.get, "/api/plugins/hire/plan", query: [("draft", "true")]) } == "plugin.unsigned")
        try set(works, "plugins.unsigned_drafts", true)
        #expect(try install()["trial"]?["tests"]?.array?.count == 1)
        // A key that anybody may have made is nobody's.
        #expect(try works.call(.get, "/api/plugin-publishers").value["items"] == [])

        #expect(try hire(works, 3)["total"] == 3_000)
        #expect(try hire(works, 10)["total"] == 10_000)
        #expect(try hire(works, 6)["total"] == 6_000)
        works.house.advance(seconds: 60 * 86_400)
        let before = try digest(works)
        try draft(Self.hire("1.1.0", price: Self.cheaper))
        let report = try works.call(.post, "/api/plugins/hire/impact", ["draft": true]).value
        #expect(report["summary"] == "3 requests replayed, 1 differ, -10.00 GHS", "\(report)")
        #expect(report["effect"] == -1_000 && report["refused"] == 0 && report["recorded"] == 3 && report["version"] == "1.1.0")
        let route = report["routes"]?[0]
        #expect(route?["route"] == "POST /api/hires" && route?["replayed"] == 3 && route?["differ"] == 1)
        let example = route?["examples"]?[0]
        #expect(example?["figures"] == [
            ["path": "parts[1].amount", "before": 10_000, "after": 9_000], ["path": "total", "before": 10_000, "after": 9_000],
        ])
        #expect(example?["user"] == "admin" && example?["before"]?["status"] == 200)
        #expect(report["accounts"] == [
            ["account": "1000", "currency": "GHS", "change": -1_000], ["account": "3000", "currency": "GHS", "change": 1_000],
        ])
        #expect(report["effects"] == [["kind": "mail", "before": 2, "after": 2]])
        // Nothing of it has happened.
        #expect(try digest(works) == before)

        _ = try install()
        #expect(try hire(works, 10)["total"] == 9_000)
        _ = try works.call(.post, "/api/plugins/hire/rollback")
        #expect(try hire(works, 10)["total"] == 10_000)
    }

    @Test func `a draft that the publisher's known key signed is an archive like any other`() throws {
        let works = try Works()
        let archive = try works.call(.post, "/api/plugin-archives", bytes: try packed(Self.hire()), contentType: "application/gzip").value
        _ = try works.call(.post, "/api/plugins/hire/install", [
            "archive": archive["archive"] ?? .null, "plan": archive["plan"]?["digest"] ?? .null, "consents": ["capabilities", "publisher_key"],
        ])
        _ = try works.call(.put, "/api/plugin-drafts/hire", bytes: try packed(Self.hire("1.1.0")), contentType: "application/gzip")
        let plan = try works.call(.get, "/api/plugins/hire/plan", query: [("draft", "true")]).value
        #expect(plan["consents"] == [] && plan["publisher"]?["status"] == "known")
        _ = try works.call(.post, "/api/plugins/hire/install", ["draft": true, "plan": plan["digest"] ?? .null])
        _ = try works.call(
            .put, "/api/plugin-drafts/hire", bytes: try packed(Self.hire("1.2.0"), key: .generate()), contentType: "application/gzip")
        #expect(code { try works.call(.get, "/api/plugins/hire/plan", query: [("draft", "true")]) } == "plugin.unsigned")
    }

    @Test func `refusals, effects and routes that go are differences, and what both refuse is none`() throws {
        let works = try business(Self.hire())
        try hire(works, 3)
        try hire(works, 10)
        _ = try works.call(.get, "/api/hires/price/4")
        // Of the same code: nothing differs, whatever the version says.
        let same = try impact(works, Self.hire("1.0.1"))
        #expect(same["summary"] == "3 requests replayed, 0 differ, 0.00 GHS" && same["routes"]?.array?.count == 2, "\(same)")
        let strict = try impact(works, Self.hire("1.1.0", price: "days > 5 and reject { code = \"hire.closed\" } or money(\"10.00\"):mul(days)"))
        #expect(strict["summary"] == "3 requests replayed, 1 differ, -100.00 GHS", "\(strict)")
        let end = strict["routes"]?[1]?["examples"]?[0]
        #expect(end?["before"]?["code"] == .null && end?["after"]?["code"] == "hire.closed" && end?["after"]?["status"] == 422, "\(strict)")
        #expect(strict["effects"] == [["kind": "mail", "before": 1, "after": 0]])
        // What is answered is the same, what is posted is not.
        var turned = Self.hire("1.1.0")
        turned["routes/hire.lua"] = turned["routes/hire.lua"]?.replacing("{ account = \"1000\", debit = total }, { account = \"3000\", credit = total }", with: "{ account = \"3000\", debit = total }, { account = \"1000\", credit = total }")
        let posted = try impact(works, turned)
        #expect(posted["differ"] == 2 && posted["effect"] == 0, "\(posted)")
        #expect(posted["accounts"]?[0] == ["account": "1000", "currency": "GHS", "change": -26_000], "\(posted["accounts"] ?? .null)")
        // The route is gone.
        var without = Self.hire("1.1.0")
        without["routes/price.lua"] = nil
        without["tests/hire_test.lua"] = nil
        let gone = try impact(works, without)
        #expect(gone["differ"] == 1 && gone["routes"]?[0]?["examples"]?[0]?["after"]?["code"] == "request.not_found", "\(gone)")
        // Its clock stands in a month that is locked by now: both say so, and it is told.
        works.house.advance(seconds: 60 * 86_400)
        let actor = works.house.actor, clock = works.house.clock
        _ = try works.tenant.store.write { db in try db.ledger(clock: clock).closePeriod(try CalendarMonth("2026-01"), reason: "done", actor: actor.ledgerActor) }
        let closed = try impact(works, Self.hire("1.1.0", price: Self.cheaper))
        #expect(closed["refused"] == 2 && closed["differ"] == 0, "\(closed)")
    }

    @Test func `a request is replayed with its own clock and seed, and by the rights of who made it`() throws {
        let works = try business(Self.hire())
        let clerk = Principal(kind: .user, userID: 1, username: "kofi", permissions: ["hire.do"])
        let first = try hire(works, 1, ["seed": true], as: clerk)
        let total = try #require(first["total"]?.int)
        works.house.advance(seconds: 86_400)
        // The price is another by the same seed: what is left over is the difference of the price alone.
        let dearer = try impact(works, Self.hire("1.1.0", price: "money(\"11.00\"):mul(days)"))
        #expect(dearer["effect"] == 100 && dearer["routes"]?[0]?["examples"]?[0]?["figures"]?[1]?["before"] == .int(total), "\(dearer)")
        // Under another permission the clerk is refused.
        var other = Self.hire("1.1.0")
        other["plugin.lua"] = other["plugin.lua"]?.replacing("{ \"hire.do\", title = \"Hire\" }", with: "{ \"hire.do\", title = \"Hire\" }, { \"hire.more\", title = \"More\" }")
        other["routes/hire.lua"] = other["routes/hire.lua"]?.replacing("permission = \"hire.do\", idempotency", with: "permission = \"hire.more\", idempotency")
        let barred = try impact(works, other)
        #expect(barred["routes"]?[0]?["examples"]?[0]?["after"]?["status"] == 403, "\(barred)")
    }

    @Test func `each request is replayed on the data as it is, whatever those before it did`() throws {
        // Ten more for each that there is already.
        let counting = "money(\"10.00\"):mul(record.count(\"hire.hire\") + days)"
        let works = try business(Self.hire(price: counting))
        for _ in 0..<4 { try hire(works, 1) }
        let same = try impact(works, Self.hire("1.0.1", price: counting))
        #expect(same["replayed"] == 4 && same["differ"] == 0, "\(same)")
        let twice = try impact(works, Self.hire("1.1.0", price: "money(\"20.00\"):mul(record.count(\"hire.hire\") + days)"))
        // Four are there and one is asked for: fifty more, four times.
        #expect(twice["effect"] == 20_000 && twice["differ"] == 4, "\(twice)")
    }

    @Test func `one request of a route in a second is recorded, the newest five hundred, and none that is nobody's to read`() throws {
        let works = try business(Self.hire(), [
            "plugin.lua": "return { name = \"safe\", version = \"1.0.0\", permissions = { { \"safe.do\", title = \"Do\" } } }",
            "routes/pin.lua": """
                return { method = "POST", path = "/api/pins", permission = "safe.do", confidential = true, input = { { "pin", "text" } }, run = function() end }
                """,
        ])
        func recorded() throws -> Int64? { try impact(works, Self.hire("1.0.1"))["recorded"]?.int }
        try hire(works, 1)
        for _ in 0..<5 { _ = try works.call(.post, "/api/hires", ["days": 2]) }
        #expect(try recorded() == 1)
        // Refused, kept encrypted, declared so, switched off: nothing of it is kept.
        #expect(code { try hire(works, 101) } == "hire.too_long")
        try hire(works, 1, ["card": "4111 1111"])
        works.house.advance(seconds: 1)
        _ = try works.call(.post, "/api/pins", ["pin": "1234"])
        try set(works, "plugins.record_requests", false)
        try hire(works, 1)
        #expect(try recorded() == 1)
        let log = try Files.read("\(works.house.instance.folder(ofTenant: works.tenant.id))/decisions.db")
        for secret in ["4111 1111", "1234"] {
            let bytes = Array(secret.utf8)
            #expect(!log.indices.contains { log[$0...].starts(with: bytes) }, "\(secret)")
        }
        try set(works, "plugins.record_requests", true)
        for _ in 0..<505 { try hire(works, 1) }
        #expect(try recorded() == 500)
    }

    @Test func `a plugin is checked and tried with others in hand, whoever it says it is from`() throws {
        let works = try Works(Self.hire())
        let base: [String: String] = [
            "plugin.lua": "return { name = \"base\", version = \"2.0.0\", publisher = \"base.example\" }",
            "lib/word.lua": "return { word = \"yes\" }",
        ]
        let more: [String: String] = [
            "plugin.lua": "return { name = \"more\", version = \"1.0.0\", publisher = \"kontor\", depends = { base = \"^2.0\", hire = \"^1.0\" }, permissions = { { \"more.do\", title = \"Do\" } } }",
            "routes/word.lua": """
                local words = require "base.lib.word"
                return { method = "GET", path = "/api/word", permission = "more.do", output = { { "word", "text" } }, run = function() return words end }
                """,
            "tests/a_test.lua": "it(\"says yes\", function() expect(call(\"GET\", \"/api/word\").body.word):equals(\"yes\") end)",
        ]
        func body(_ files: [String: String], with others: [[String: String]]) throws -> Value {
            ["archive": .string(Base64.encode(try packed(files))), "with": .array(try others.map { .string(Base64.encode(try packed($0))) })]
        }
        let alone = try works.call(.post, "/api/plugin-checks", try body(more, with: [])).value
        #expect(alone["findings"]?.array?.contains { $0["severity"] == "error" } == true)
        #expect(code { try works.call(.post, "/api/plugin-trials", try body(more, with: [])) } == "plugin.dependency")
        let checked = try works.call(.post, "/api/plugin-checks", try body(more, with: [base])).value
        #expect(checked["findings"]?.array?.contains { $0["severity"] == "error" } == false, "\(checked)")
        let tried = try works.call(.post, "/api/plugin-trials", try body(more, with: [base])).value
        #expect(tried["trial"]?["tests"]?.array?.count == 1 && tried["plan"]?["name"] == "more", "\(tried)")
        #expect(try works.call(.get, "/api/plugins").value["items"]?.array?.count == 1)
        #expect(code { try works.call(.post, "/api/plugin-archives", bytes: try packed(more.merging(["plugin.lua": "return { name = \"more\", version = \"1.0.0\", publisher = \"kontor\" }"]) { $1 }), contentType: "application/gzip") } == "plugin.publisher_reserved")
        #expect(code { try works.call(.post, "/api/plugin-trials", ["archive": "***"]) } == "plugin.archive_invalid")
    }
}
