import Core
import Platform
import Testing

/// Wrong calls of the host API say which function and which argument, wherever they are legal at all.
@Suite struct HostMisuseTests {
    /// A route that runs `body`.
    static func shop(_ body: String, method: String = "POST", capabilities: String = #"record = { read = { "catalog.product" } }, ledger = { post = { "1000", "4000" } }"#) throws -> Shop {
        let shop = try Shop()
        try shop.install(
            "odd",
            [
                "records/thing.lua": #"return { type = "odd.thing", path = "things", permissions = { read = "odd.see", write = "odd.edit" }, fields = { { "name", "text" } } }"#,
                "routes/r.lua": #"""
                    return { method = "\#(method)", path = "/api/odd", permission = "odd.see", output = { { "out", "json" } },
                      run = function(req) return { out = (function() \#(body) end)() } end }
                    """#,
            ], capabilities: capabilities)
        return shop
    }

    static let wrong: [(body: String, function: String, argument: Int)] = [
        ("record.find(5)", "record.find", 1),
        (#"record.find("odd.nothing")"#, "record.find", 1),
        (#"record.find("odd.thing", 5)"#, "record.find", 2),
        (#"record.list("odd.nothing")"#, "record.list", 1),
        (#"record.list("odd.thing", { limit = 0 })"#, "record.list", 2),
        (#"record.list("odd.thing", { limit = "many" })"#, "record.list", 2),
        (#"record.list("odd.thing", { lmit = 3 })"#, "record.list", 2),
        (#"record.list("odd.thing", { order = 5 })"#, "record.list", 2),
        (#"record.count({})"#, "record.count", 1),
        (#"record.create("odd.thing", 5)"#, "record.create", 2),
        (#"record.update("odd.thing", "one", {})"#, "record.update", 2),
        (#"record.update("odd.thing", 1, 5)"#, "record.update", 3),
        (#"record.delete("odd.thing", "one")"#, "record.delete", 2),
        (#"record.delete(nil, 1)"#, "record.delete", 1),
        (#"ledger.post(5)"#, "ledger.post", 1),
        (#"ledger.post { lines = { { account = "1000" } } }"#, "ledger.post", 1),
        (#"ledger.post { lines = { { account = "1000", debit = money.of(1), credit = money.of(1) } } }"#, "ledger.post", 1),
        (#"ledger.post { date = "soon", lines = {} }"#, "ledger.post", 1),
        (#"ledger.post { when = "2026-01-01", lines = {} }"#, "ledger.post", 1),
        (#"ledger.account(5)"#, "ledger.account", 1),
        (#"sequence.next(5)"#, "sequence.next", 1),
        (#"sequence.peek("pos.sale", { branch = 99 })"#, "sequence.peek", 2),
        (#"tax.calculate { lines = {} }"#, "tax.calculate", 1),
        (#"tax.calculate { lines = { { amount = 5 } } }"#, "tax.calculate", 1),
        (#"tax.calculate { lins = {}, lines = { { amount = money.of(5) } } }"#, "tax.calculate", 1),
        (#"log.info(5)"#, "log.info", 1),
        (#"date.parse(5)"#, "date.parse", 1),
        (#"date.parse("31.1.2026")"#, "date.parse", 1),
    ]

    @Test(arguments: wrong.indices) func `a wrong argument is named`(_ index: Int) throws {
        let one = Self.wrong[index]
        let shop = try Self.shop(one.body, capabilities: #"record = { read = { "catalog.product" } }, ledger = { post = { "*" } }, sequence = { "*" }"#)
        let problem = try shop.refuses("script.argument") { try shop.call(.post, "/api/odd") }
        #expect(problem?.detail.contains("\(one.function): argument \(one.argument)") == true, "\(one.body): \(problem?.detail ?? "")")
    }

    static let capabilities: [(body: String, wanted: String)] = [
        (#"record.find("catalog.customer")"#, "catalog.customer"),
        (#"record.create("catalog.product", {})"#, "catalog.product"),
        (#"record.update("catalog.product", 1, {})"#, "catalog.product"),
        (#"record.delete("catalog.product", 1)"#, "catalog.product"),
        (#"ledger.post { lines = { { account = "1000", debit = money.of(1) }, { account = "4001", credit = money.of(1) } } }"#, "4001"),
        (#"ledger.open_account { code = "9000", name = "n", kind = "asset" }"#, "9000"),
    ]

    @Test(arguments: capabilities.indices) func `what is not granted is refused by name`(_ index: Int) throws {
        let one = Self.capabilities[index]
        let shop = try Self.shop(one.body)
        let problem = try shop.refuses("script.capability", status: 403) { try shop.call(.post, "/api/odd") }
        #expect(problem?.detail.contains(one.wanted) == true, "\(problem?.detail ?? "")")
    }

    @Test func `a GET writes nothing, whatever it calls`() throws {
        for body in [
            #"record.create("odd.thing", { name = "n" })"#, #"record.update("odd.thing", 1, {})"#, #"record.delete("odd.thing", 1)"#,
            #"ledger.post { lines = {} }"#, #"sequence.next("pos.sale")"#, #"record.move("odd.thing", 1, "X")"#,
        ] {
            let shop = try Self.shop(body, method: "GET")
            let problem = try shop.refuses("script.phase") { try shop.get("/api/odd") }
            #expect(problem?.detail.contains("“read”") == true && problem?.detail.contains("allowed: ") == true, "\(body)")
        }
    }

    /// The same tenant, time and input give the same, whatever a script tries to draw from.
    @Test func `a run can be repeated`() throws {
        let body = #"""
            local out = { math.random(1000000), math.random(1000000), date.today(), tostring(date.now and date.now()) }
            local keys = {}
            for key in pairs({ b = 1, a = 2, c = 3, [2] = 1, [1] = 1 }) do keys[#keys + 1] = tostring(key) end
            out[#out + 1] = table.concat(keys, " ")
            for _, row in ipairs(record.list("catalog.product", { order = "sku" })) do out[#out + 1] = row.sku end
            return out
            """#
        let one = try Self.shop(body), other = try Self.shop(body)
        let first = try one.call(.post, "/api/odd").value
        #expect(first["out"]?.array?.isEmpty == false)
        #expect(try one.call(.post, "/api/odd").value == first)
        #expect(try other.call(.post, "/api/odd").value == first)
    }

    /// Each host function answers, or refuses for its phase: the table is what is enforced.
    @Test func `the table of phases is what is enforced`() throws {
        for function in HostAPI.functions where ["record", "ledger", "sequence", "tax", "log", "date"].contains(function.module) {
            let call = #"local ok, err = pcall(\#(function.module).\#(function.name)) return ok and "ok" or type(err) == "table" and err.code or "other""#
            guard function.module != "record" || ["count", "delete", "move", "restore"].contains(function.name) else { continue }
            let read = try Self.shop(call, method: "GET")
            let found = try read.get("/api/odd")["out"]?.string
            let allowed = function.phases.allows(.read)
            #expect((found == "script.phase") == !allowed, "\(function.qualifiedName): \(found ?? "")")
        }
    }
}
