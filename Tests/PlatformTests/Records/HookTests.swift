import Core
import Platform
import Testing

/// Hooks on records: phases, order, filters, and what happens when they fail.
@Suite struct HookTests {
    static let thing = #"""
        return { type = "odd.thing", title = "Thing", path = "things", permissions = { read = "odd.see", write = "odd.edit" },
          fields = { { "name", "text", required = true }, { "trace", "text" }, { "size", "integer", default = 0 }, { "double", "integer" } } }
        """#

    private static func hook(_ id: String, _ phase: String, _ body: String, _ more: String = "") -> (String, String) {
        ("hooks/\(id).lua", #"return { id = "\#(id)", on = "odd.thing", phase = "\#(phase)", \#(more) run = function(doc, ctx) \#(body) end }"#)
    }

    private func shop(_ hooks: (String, String)...) throws -> Shop {
        let shop = try Shop()
        try shop.install("odd", Dictionary([("records/thing.lua", Self.thing)] + hooks, uniquingKeysWith: { $1 }))
        return shop
    }

    private func make(_ shop: Shop, _ body: Value = ["name": "n"]) throws -> Value { try shop.call(.post, "/api/things", body).value }

    @Test func `phases run in their order and see what was before`() throws {
        let shop = try shop(
            Self.hook("d", "default", #"doc.trace = (doc.trace or "") .. "d""#),
            Self.hook("s", "before_save", #"doc.trace = (doc.trace or "") .. "s"; if doc:changed("size") then doc.name = doc.name .. tostring(doc:old("size")) end"#),
            Self.hook("c", "compute", "doc.double = doc.size * 2"),
            Self.hook("v", "validate", #"doc.name = "never kept"; if doc.double ~= doc.size * 2 then error("order") end; if doc.size > 9 then reject { code = "odd.too_big", field = "size" } end"#),
            Self.hook("a", "after_save", #"if ctx.phase ~= "after_save" then error("phase") end"#),
            Self.hook("x", "before_delete", #"reject { code = "odd.stays" }"#))
        let made = try make(shop, ["name": "n", "size": 4])
        #expect(made["trace"] == "ds" && made["double"] == 8 && made["name"] == "nnil")
        let changed = try shop.call(.patch, "/api/things/1", ["size": 5]).value
        #expect(changed["trace"] == "dss" && changed["double"] == 10 && changed["name"] == "nnil4")
        try shop.refuses("odd.too_big", field: "size") { try shop.call(.patch, "/api/things/1", ["size": 10]) }
        try shop.refuses("odd.stays") { try shop.call(.delete, "/api/things/1") }
    }

    @Test func `a hook can take back what was asked for`() throws {
        let shop = try shop(Self.hook("s", "before_save", "if doc.size > 9 then doc.size = doc:old(\"size\"); doc.trace = nil end"))
        _ = try make(shop, ["name": "n", "size": 4])
        let changed = try shop.call(.patch, "/api/things/1", ["size": 10, "trace": "asked", "name": "m"]).value
        #expect(changed["size"] == 4 && changed["trace"] ?? .null == .null && changed["name"] == "m")
    }

    @Test func `pure phases write nothing`() throws {
        for phase in ["default", "compute", "validate"] {
            let shop = try shop(Self.hook("h", phase, #"record.create("odd.thing", { name = "more" })"#))
            let problem = try shop.refuses("script.phase") { try make(shop) }
            #expect(problem?.detail.contains("record.create") == true && problem?.detail.contains(phase) == true)
        }
    }

    @Test func `hooks run in the order that they say`() throws {
        let shop = try shop(
            Self.hook("a", "before_save", #"doc.trace = (doc.trace or "") .. "a""#, #"after = { "c" },"#),
            Self.hook("b", "before_save", #"doc.trace = (doc.trace or "") .. "b""#),
            Self.hook("c", "before_save", #"doc.trace = (doc.trace or "") .. "c""#, #"before = { "odd:b", "absent:x" },"#))
        #expect(try make(shop)["trace"] == "cab")
        let names = try shop.get("/api/hooks")["items"]?.array?.compactMap { $0["name"]?.string } ?? []
        #expect(names.filter { $0.hasPrefix("odd:") } == ["odd:c", "odd:a", "odd:b"])
    }

    @Test func `a circle and a hook that is not there are refused`() throws {
        let a = Self.hook("a", "before_save", "", #"after = { "b" },"#)
        let problem = #expect(throws: DeclarationError.self) { try shop(a, Self.hook("b", "before_save", "", #"after = { "odd:a" },"#)) }
        #expect(problem?.message.contains("odd:a waits for odd:b") == true)
        #expect(throws: DeclarationError.self) { try shop(a) }
        #expect(throws: DeclarationError.self) { try shop(a, Self.hook("b", "validate", "")) }
    }

    @Test func `a filter keeps a hook from running`() throws {
        let shop = try shop(
            Self.hook("h", "before_save", #"doc.trace = "ran""#, #"when = { size = { gte = 3, lt = "5.5" }, name = { begins = "n" } },"#))
        let cases: [(Int, String, Value)] = [(2, "n", .null), (3, "n", "ran"), (5, "nn", "ran"), (6, "n", .null), (4, "m", .null)]
        for (size, name, wanted) in cases {
            #expect(try make(shop, ["name": .string(name), "size": .int(Int64(size))])["trace"] == wanted, "\(size) \(name)")
        }
        #expect(throws: DeclarationError.self) { try self.shop(Self.hook("h", "before_save", "", #"when = { nothing = 1 },"#)) }
        #expect(throws: DeclarationError.self) { try self.shop(Self.hook("h", "before_save", "", #"when = { size = { near = 1 } },"#)) }
    }

    // MARK: Failing

    @Test func `a hook that blocks keeps blocking`() throws {
        let shop = try shop(Self.hook("h", "before_save", #"error("broken")"#))
        for _ in 0..<8 { try shop.refuses("script.error") { try make(shop) } }
        #expect(try shop.get("/api/hooks")["items"]?[0]?["is_off"] == false)
    }

    @Test func `a hook that may be skipped is skipped, and switched off when it keeps failing`() throws {
        let shop = try shop(
            Self.hook(
                "h", "before_save",
                #"if doc.name == "refused" then reject { code = "odd.no" } end; record.create("catalog.customer", { name = "half" }); error("broken")"#,
                #"on_failure = "skip","#))
        for number in 1...5 {
            #expect(try shop.get("/api/hooks")["items"]?[0]?["is_off"] == false)
            #expect(try make(shop, ["name": .string("n\(number)")])["trace"] == .null)
        }
        #expect(try shop.get("/api/hooks")["items"]?[0]?["is_off"] == true)
        // A refusal was none while it ran; now nobody asks it.
        #expect(try make(shop, ["name": "refused"])["name"] == "refused")
        #expect(try shop.house.actions().contains("hook.switched_off"))
        // It stays off when the tenant has slept.
        shop.tenant.hookBreaker.drop()
        #expect(try shop.get("/api/hooks")["items"]?[0]?["is_off"] == true)
        #expect(try shop.call(.post, "/api/hooks/odd:h/on").value["is_off"] == false)
        try shop.refuses("odd.no") { try make(shop, ["name": "refused"]) }
    }

    @Test func `a success between failures begins the count anew`() throws {
        let shop = try shop(
            Self.hook("h", "before_save", #"if doc.name == "bad" then error("broken") end; doc.trace = "ran""#, #"on_failure = "skip","#))
        for _ in 1...3 {
            for _ in 1...4 { #expect(try make(shop, ["name": "bad"])["trace"] == .null) }
            #expect(try make(shop, ["name": "good"])["trace"] == "ran")
        }
        #expect(try shop.get("/api/hooks")["items"]?[0]?["is_off"] == false)
    }

    @Test func `a fallback serves in place of what fails`() throws {
        let shop = try shop(
            Self.hook("h", "before_save", #"doc.trace = "half"; error("broken")"#, #"on_failure = "fallback", fallback = function(doc) doc.trace = (doc.trace or "") .. "fallback" end,"#))
        for _ in 0..<7 { #expect(try make(shop)["trace"] == "fallback") }
        #expect(throws: DeclarationError.self) { try self.shop(Self.hook("h", "before_save", "", #"on_failure = "fallback","#)) }
        #expect(throws: DeclarationError.self) { try self.shop(Self.hook("h", "before_save", "", #"on_failure = "hope","#)) }
    }

    @Test func `a limit is the request's, whatever the hook's policy`() throws {
        let shop = try shop(Self.hook("h", "before_save", "while true do end", #"on_failure = "skip","#))
        try shop.refuses("script.steps") { try make(shop) }
    }

    // MARK: Others' records

    private func onProducts(_ body: String, _ capabilities: String) throws -> Shop {
        let shop = try Shop()
        try shop.install(
            "odd",
            [
                "hooks/h.lua": #"return { id = "h", on = "catalog.product", phase = "before_save", run = function(doc) \#(body) end }"#,
                "records/more.lua": #"return { add_to = { ["catalog.product"] = { { "seen", "boolean", default = false } } } }"#,
            ], capabilities: capabilities)
        return shop
    }

    @Test func `a hook changes its own fields of another's record, and others with the capability`() throws {
        let reading = #"record = { read = { "catalog.product" } }"#
        let own = try onProducts("doc.x_odd_seen = true", reading)
        #expect(try own.call(.patch, "/api/products/1", ["name": "new"]).value["x_odd_seen"] == true)
        let thief = try onProducts("doc.price = money.of(1)", reading)
        try thief.refuses("script.capability", status: 403, field: "price") { try thief.call(.patch, "/api/products/1", ["name": "new"]) }
        let granted = try onProducts("doc.price = money.of(1)", #"record = { write = { "catalog.product" } }"#)
        #expect(JSON.text(try granted.call(.patch, "/api/products/1", ["name": "new"]).value["price"]) == "1")
    }
}
