import Core
import Platform
import Testing

/// Every kind of field, through REST and through Lua.
@Suite struct RecordKindTests {
    static let files = [
        "records/thing.lua": #"""
            return {
              type = "odd.thing", title = "Thing", path = "things", soft_delete = true,
              permissions = { read = "odd.see", write = "odd.edit" },
              fields = {
                { "name", "text", required = true, max = 20, unique = true },
                { "code", "text", pattern = "[A-Z]{3}-[0-9]+", example = "ABC-1" },
                { "count", "integer", min = 0, max = 10, default = 1 },
                { "weight", "decimal", places = 3, min = "0.5" },
                { "price", "money", min = 0 },
                { "share", "percent" },
                { "due", "date" },
                { "seen", "instant" },
                { "open", "boolean", default = true },
                { "colour", "enum", values = { "red", "green" } },
                { "product", "ref", to = "catalog.product", index = true },
                { "extra", "json" },
                { "order", "integer", description = "SQL's own word." },
                { "parts", "lines", max = 3, fields = {
                  { "label", "text", required = true }, { "amount", "money", default = 0 }, { "product", "ref", to = "catalog.product" },
                } },
              },
              indexes = { { "colour", "due", where = { open = true } } },
            }
            """#,
        "routes/echo.lua": #"""
            return { method = "POST", path = "/api/things-echo", permission = "odd.edit", input = { { "id", "integer", required = true } },
              run = function(req)
                local thing = record.get("odd.thing", req.body.id)
                local values = {}
                for _, name in ipairs { "code", "count", "weight", "price", "share", "due", "seen", "open", "colour", "product", "extra", "parts" } do
                  values[name] = thing[name]
                end
                values.name = thing.name .. "!"
                return { id = record.create("odd.thing", values).id }
              end }
            """#,
        "routes/clear.lua": #"""
            return { method = "POST", path = "/api/things-clear", permission = "odd.edit", input = { { "id", "integer", required = true } },
              run = function(req)
                local thing = record.get("odd.thing", req.body.id)
                thing.due = nil
                thing.parts[1].label = "changed"
                assert(thing:changed("due") and thing:changed("parts") and not thing:changed("name"))
                thing:save()
                return { due = record.get("odd.thing", req.body.id).due, version = thing.version }
              end }
            """#,
    ]

    static let full: Value = [
        "name": "one", "code": "ABC-7", "count": 3, "weight": "1.250", "price": 1999, "share": "12.5", "due": "2026-02-28",
        "seen": "2026-01-31T09:30:00Z", "open": false, "colour": "green", "product": 1, "extra": ["a": [1, "b", true]],
        "order": 9, "parts": [["label": "x", "amount": 5, "product": 2], ["label": "y"]],
    ]

    static func shop() throws -> Shop {
        let shop = try Shop()
        try shop.install("odd", files, capabilities: #"record = { read = { "catalog.product" } }"#)
        return shop
    }

    @Test func `every kind goes in and comes out`() throws {
        let shop = try Self.shop()
        let made = try shop.call(.post, "/api/things", Self.full).value
        for (name, value) in Self.full.object ?? Object() where !["parts", "weight", "share", "price", "seen"].contains(name) {
            #expect(made[name] == value, "\(name)")
        }
        #expect(JSON.text(made["weight"]) == #""1.25""#)
        #expect(JSON.text(made["price"]) == "1999" && made["currency"] == "GHS")
        #expect(made["seen"] == "2026-01-31T09:30:00.000Z")
        #expect(JSON.text(made["parts"]) == #"[{"label":"x","amount":5,"product":2},{"label":"y","amount":0,"product":null}]"#)
        // A script reads it, and writes what it read.
        let id = made["id"]?.int ?? 0
        let copy = try shop.call(.post, "/api/things-echo", ["id": .int(id)]).value["id"]?.int ?? 0
        let copied = try shop.get("/api/things/\(copy)")
        for name in ["code", "count", "weight", "price", "share", "due", "seen", "open", "colour", "product", "extra", "parts"] {
            #expect(JSON.text(copied[name]) == JSON.text(try shop.get("/api/things/\(id)")[name]), "\(name)")
        }
        #expect(copied["name"] == "one!")
    }

    @Test func `a script empties fields and changes lines in place`() throws {
        let shop = try Self.shop()
        let id = try shop.call(.post, "/api/things", Self.full).value["id"]?.int ?? 0
        let cleared = try shop.call(.post, "/api/things-clear", ["id": .int(id)]).value
        #expect(cleared["due"] ?? .null == .null && cleared["version"] == 2)
        #expect(try shop.get("/api/things/\(id)")["parts"]?[0]?["label"] == "changed")
    }

    @Test func `all that is wrong is told at once, by field`() throws {
        let shop = try Self.shop()
        let body: Value = [
            "code": "abc", "count": 11, "weight": "0.1", "price": -1, "share": "101", "due": "31.1.2026", "open": "yes", "colour": "blue",
            "parts": [["amount": 1]], "nothing": 1,
        ]
        let problem = try shop.refuses("request.invalid") { try shop.call(.post, "/api/things", body) }
        let fields = Set((problem?.extra.first { $0.0 == "errors" }?.1.array ?? []).compactMap { $0["field"]?.string })
        #expect(fields.isSuperset(of: ["name", "code", "count", "weight", "price", "share", "due", "open", "colour", "parts[0].label", "nothing"]), "\(fields)")
        try shop.refuses("record.reference_unknown", field: "product") { try shop.call(.post, "/api/things", ["name": "n", "product": 99]) }
        try shop.refuses("record.reference_unknown", field: "parts[0].product") {
            try shop.call(.post, "/api/things", ["name": "n", "parts": [["label": "l", "product": 99]]])
        }
        _ = try shop.call(.post, "/api/things", ["name": "n"])
        try shop.refuses("record.not_unique", status: 409, field: "name") { try shop.call(.post, "/api/things", ["name": "n"]) }
    }

    @Test func `what was deleted is gone, listed apart, and can be brought back`() throws {
        let shop = try Self.shop()
        let id = try shop.call(.post, "/api/things", Self.full).value["id"]?.int ?? 0
        try shop.refuses("record.version_conflict", status: 412) { try shop.call(.delete, "/api/things/\(id)", ifMatch: "\"7\"") }
        _ = try shop.call(.delete, "/api/things/\(id)", ifMatch: "\"1\"")
        #expect(code { try shop.get("/api/things/\(id)") } == "record.not_found")
        #expect(try shop.get("/api/things")["items"]?.array?.count == 0)
        #expect(try shop.get("/api/things", query: [("deleted", "true")])["items"]?[0]?["id"] == .int(id))
        // Its name is free, and then it cannot come back.
        let other = try shop.call(.post, "/api/things", ["name": "one"]).value["id"]?.int ?? 0
        try shop.refuses("record.not_unique", status: 409) { try shop.call(.post, "/api/things/\(id)/restore") }
        _ = try shop.call(.patch, "/api/things/\(other)", ["name": "two"])
        let restored = try shop.call(.post, "/api/things/\(id)/restore").value
        #expect(restored["name"] == "one" && restored["parts"]?.array?.count == 2)
        try shop.refuses("record.not_found", status: 404) { try shop.call(.post, "/api/things/\(id)/restore") }
        #expect(try shop.house.actions().filter { $0.hasPrefix("odd.thing") }.suffix(1) == ["odd.thing.restored"])
    }

    @Test func `a change takes the version that was seen`() throws {
        let shop = try Self.shop()
        let reply = try shop.call(.post, "/api/things", Self.full)
        let id = reply.value["id"]?.int ?? 0
        #expect(reply.headers.contains { $0 == ("ETag", "\"1\"") })
        _ = try shop.call(.patch, "/api/things/\(id)", ["count": 4], ifMatch: "\"1\"")
        try shop.refuses("record.version_conflict", status: 412) { try shop.call(.patch, "/api/things/\(id)", ["count": 5], ifMatch: "\"1\"") }
        _ = try shop.call(.patch, "/api/things/\(id)", ["count": 5], ifMatch: "*")
        // Null empties, and where there is a default or a demand it is refused.
        #expect(try shop.call(.patch, "/api/things/\(id)", ["due": .null]).value["due"] == .null)
        try shop.refuses("record.invalid", field: "name") { try shop.call(.patch, "/api/things/\(id)", ["name": .null]) }
        let audit = try shop.house.audit().filter { $0["action"] == "odd.thing.updated" }
        #expect(audit.last?["before"]?["count"] == 3 && audit.last?["after"]?["count"] == 4)
    }

    @Test func `the description tells all of it`() throws {
        let shop = try Self.shop()
        let reply = try shop.call(.get, "/api/meta/records").value
        let thing = reply["items"]?.array?.first { $0["type"] == "odd.thing" }
        #expect(thing?["path"] == "/api/things" && thing?["soft_delete"] == true)
        let fields = thing?["fields"]?.array ?? []
        #expect(fields.count == 14)
        #expect(fields.first { $0["name"] == "code" }?["pattern"] == "[A-Z]{3}-[0-9]+")
        #expect(fields.first { $0["name"] == "parts" }?["fields"]?.array?.count == 3)
        var nobody = shop.cashier
        nobody.permissions = []
        #expect(Shop.value(try shop.call(.get, "/api/meta/records", as: nobody))["items"]?.array?.count == 0)
    }
}
