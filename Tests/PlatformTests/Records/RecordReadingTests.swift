import Core
import Platform
import Testing

/// `record.each`, `record.sum` and `record.schema`.
@Suite struct RecordReadingTests {
    private static func route(_ name: String, _ body: String) -> String {
        """
        return { method = "POST", path = "/api/things-\(name)", permission = "odd.edit", input = { { "order", "list" }, { "limit", "integer" }, { "lines", "boolean" } },
          run = function(req)
            \(body)
          end }
        """
    }

    private static func shop(things: Int, _ routes: [String: String], change: (String) -> String = { $0 }) throws -> Shop {
        let shop = try Shop()
        var files = RecordKindTests.files
        files["records/thing.lua"] = change(files["records/thing.lua"] ?? "")
        for (name, body) in routes { files["routes/\(name).lua"] = route(name, body) }
        try shop.install("odd", files, capabilities: #"record = { read = { "catalog.product" } }"#)
        guard things > 0 else { return shop }
        let rows = (1...things).map { "n\($0),\($0 % 3),\($0 % 5 == 0 ? "" : "\($0).25"),\($0 * 10),\($0 % 2 == 0 ? "red" : "")" }
        let text = (["name,count,weight,price,colour"] + rows).joined(separator: "\n")
        let answer = try shop.call(.post, "/api/things/import", bytes: Array(text.utf8)).value
        #expect(answer["created"]?.int == Int64(things) && answer["failed"] == 0)
        return shop
    }

    @Test func `each gives every record once, whatever the order and however many there are`() throws {
        let shop = try Self.shop(things: 463, ["each": #"""
            local ids, last = {}, nil
            local order = req.body.order
            if order and #order == 0 then order = nil end
            for thing in record.each("odd.thing", { order = order, limit = req.body.limit, lines = req.body.lines }) do
              ids[#ids + 1] = thing.id
              assert(thing:old("name") == thing.name)
            end
            return { ids = ids }
            """#])
        func ids(_ body: Value) throws -> [Int64] { try shop.call(.post, "/api/things-each", body).value["ids"]?.array?.compactMap(\.int) ?? [] }
        #expect(try ids([:]) == Array(1...463))
        #expect(try ids(["order": ["-id"]]) == Array((1...463).reversed()))
        #expect(try ids(["lines": true, "limit": 120]) == Array(1...120))
        #expect(try ids(["limit": 201]) == Array(1...201))
        #expect(try ids(["limit": 3]) == [1, 2, 3])
        // Fields that are empty in many records, and equal in many.
        for order: Value in [["weight"], ["-weight"], ["colour", "-price"], ["count", "weight"], ["-colour", "count"]] {
            let found = try ids(["order": order])
            #expect(found.count == 463 && Set(found).count == 463, "\(order)")
        }
        #expect(try ids(["order": ["-price"]]) == Array((1...463).reversed()))
    }

    @Test func `each goes on from where it was, though records change and go meanwhile`() throws {
        let shop = try Self.shop(things: 420, ["sweep": #"""
            local seen = 0
            for thing in record.each("odd.thing", { order = "price" }) do
              seen = seen + 1
              if thing.id % 2 == 0 then
                record.delete("odd.thing", thing.id)
              else
                thing.price = thing.price - money "1000.00"
                thing.price = money "0.01"
                thing:save()
              end
            end
            return { seen = seen, left = record.count("odd.thing") }
            """#])
        let answer = try shop.call(.post, "/api/things-sweep").value
        #expect(answer["seen"] == 420 && answer["left"] == 210)
    }

    @Test func `what each has gone over leaves the memory`() throws {
        // All passes together are more than a request's 16 MiB.
        let shop = try Self.shop(things: 0, ["fill": #"""
            local text = string.rep("x", 90000)
            for i = 1, 100 do record.create("odd.thing", { name = "f" .. i, essay = text }) end
            return {}
            """#, "walk": #"""
            local bytes = 0
            for pass = 1, 2 do
              for thing in record.each("odd.thing") do bytes = bytes + #thing.essay end
            end
            return { bytes = bytes }
            """#], change: { $0.replacing("{ \"extra\", \"json\" },", with: "{ \"extra\", \"json\" }, { \"essay\", \"text\", max = 100000 },") })
        // The lines of a body bring time, and no memory.
        let body: Value = ["order": .array((1...2_000).map { .int($0) })]
        _ = try shop.call(.post, "/api/things-fill", body)
        #expect(try shop.call(.post, "/api/things-walk", body).value["bytes"] == .int(2 * 100 * 90_000))
    }

    @Test func `options that each does not know are refused`() throws {
        let shop = try Self.shop(things: 1, [
            "limit": "for _ in record.each(\"odd.thing\", { limit = 0 }) do end return {}",
            "order": "for _ in record.each(\"odd.thing\", { order = \"nothing\" }) do end return {}",
            "option": "for _ in record.each(\"odd.thing\", { page = 1 }) do end return {}",
            "type": "for _ in record.each(\"pos.sale\") do end return {}",
        ])
        #expect(code { try shop.call(.post, "/api/things-limit") } == "script.error")
        #expect(code { try shop.call(.post, "/api/things-order") } == "record.filter_invalid")
        #expect(code { try shop.call(.post, "/api/things-option") } == "script.argument")
        #expect(code { try shop.call(.post, "/api/things-type") } == "script.capability")
    }

    @Test func `a sum is exact and of the field's kind`() throws {
        let shop = try Self.shop(things: 10, ["sum": #"""
            local nobody = { name = "nobody" }
            assert(record.sum("odd.thing", "price") == money "5.50")
            assert(record.sum("odd.thing", "price", { name = { ["in"] = { "n1", "n3" } } }) == money "0.40")
            assert(record.sum("odd.thing", "price", nobody) == money "0.00")
            assert(record.sum("odd.thing", "count") == 10)
            -- Two of them have no weight.
            assert(record.sum("odd.thing", "weight") == decimal.new("42.000"))
            assert(record.sum("odd.thing", "weight", nobody) == decimal.new("0"))
            assert(record.sum("odd.thing", "share") == decimal.new("0"))
            for _, field in ipairs { "name", "due", "open", "product", "parts", "nothing", "id", "extra" } do
              local done, fault = pcall(record.sum, "odd.thing", field)
              assert(not done and fault.code == "script.argument", field)
            end
            return {}
            """#, "over": #"""
            for i = 1, 3 do record.create("odd.thing", { name = "big" .. i, order = math.maxinteger }) end
            record.sum("odd.thing", "order")
            return {}
            """#])
        _ = try shop.call(.post, "/api/things-sum")
        try shop.refuses("record.sum_overflow") { try shop.call(.post, "/api/things-over") }
    }

    @Test func `scripts are told what a type is as the console is`() throws {
        var files = RecordMoveTests.files
        files["routes/schema.lua"] = #"""
            return { method = "POST", path = "/api/tasks-schema", permission = "odd.edit",
              run = function() return { schema = record.schema("odd.task") } end, output = { { "schema", "json" } } }
            """#
        let shop = try Shop()
        try shop.install("odd", files)
        let told = try shop.call(.post, "/api/tasks-schema").value["schema"] ?? .null
        let meta = try shop.get("/api/meta/records")["items"]?.array?.first { $0["type"] == "odd.task" } ?? .null
        for member in ["type", "plugin", "title", "path", "scope", "soft_delete", "permissions", "may", "number"] {
            #expect(told[member] == meta[member] && told[member] != nil, "\(member)")
        }
        for (own, shown) in zip(told["fields"]?.array ?? [], meta["fields"]?.array ?? []) {
            for member in ["name", "kind", "title", "required", "unique", "readonly", "values"] { #expect(own[member] == shown[member], "\(member)") }
        }
        #expect(told["fields"]?.array?.count == 4)
        #expect(told["state"]?["moves"]?[1]?["permission"] == "odd.move" && told["fields"]?[0]?["name"] == "number")
    }
}
