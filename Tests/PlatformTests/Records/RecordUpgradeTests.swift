import Core
import Platform
import Storage
import Testing

/// What an upgrade does to tables, and fields that plugins add to types of others.
@Suite struct RecordUpgradeTests {
    private static func record(_ fields: String, _ more: String = "") -> [String: String] {
        [
            "records/thing.lua": """
                return { type = "odd.thing", title = "Thing", path = "things", permissions = { read = "odd.see", write = "odd.edit" },
                  fields = { { "name", "text", required = true }, \(fields) }, \(more) }
                """
        ]
    }

    private static let first = record(#"{ "colour", "enum", values = { "red" }, required = true }, { "size", "decimal", places = 1, min = 0, max = 5 }, { "note", "text" }"#)

    private func shop() throws -> Shop {
        let shop = try Shop()
        try shop.install("odd", Self.first)
        _ = try shop.call(.post, "/api/things", ["name": "a", "colour": "red", "size": "1.5", "note": "n"])
        return shop
    }

    @Test func `what only adds is done, and rows keep their values`() throws {
        let shop = try shop()
        try shop.install(
            "odd", version: "1.1.0",
            Self.record(
                #"""
                { "colour", "enum", values = { "red", "blue" } }, { "size", "decimal", places = 1, min = -1, max = 9 }, { "note", "text", index = true },
                { "weight", "integer", default = 7 }, { "parts", "lines", fields = { { "label", "text" } } }
                """#, #"indexes = { { "colour", "size" } }, soft_delete = true"#))
        let old = try shop.get("/api/things/1")
        #expect(old["colour"] == "red" && old["weight"] == 7 && old["note"] == "n" && old["parts"] == [])
        #expect(JSON.text(old["size"]) == #""1.5""#)
        let new = try shop.call(.post, "/api/things", ["name": "b", "colour": "blue", "size": "8.1", "parts": [["label": "l"]]]).value
        #expect(JSON.text(new["size"]) == #""8.1""#)
        #expect(try shop.call(.post, "/api/things", ["name": "c", "colour": .null]).value["colour"] == .null)
        // The database itself holds the new bounds.
        #expect(throws: (any Error).self) { try shop.tenant.store.write { db in try db.run(SQL("UPDATE odd_things SET size = 9001")) } }
        #expect(throws: (any Error).self) { try shop.tenant.store.write { db in try db.run(SQL("UPDATE odd_things SET colour = 'x'")) } }
        _ = try shop.call(.delete, "/api/things/1")
        _ = try shop.call(.post, "/api/things/1/restore")
    }

    // MARK: Fields on another plugin's type

    @Test func `a plugin adds fields to another's type`() throws {
        let shop = try Shop()
        let addition = [
            "records/more.lua": #"""
                return { add_to = { ["catalog.product"] = { { "points", "integer", default = 0, min = 0 }, { "deposit", "money" } } } }
                """#
        ]
        try shop.refuses("script.contract", field: "add_to.catalog.product") { try shop.install("odd", addition) }
        try shop.install("odd", addition, capabilities: #"record = { read = { "catalog.product" } }"#)
        let milk = try shop.get("/api/products/2")
        #expect(milk["x_odd_points"] == 0 && milk["x_odd_deposit"] == .null)
        let changed = try shop.call(.patch, "/api/products/2", ["x_odd_points": 5, "x_odd_deposit": 25]).value
        #expect(changed["x_odd_points"] == 5 && JSON.text(changed["x_odd_deposit"]) == "25")
        #expect(try shop.get("/api/products", query: [("x_odd_points.gte", "5")])["items"]?.array?.count == 1)
        try shop.refuses("request.invalid", field: "x_odd_points") { try shop.call(.patch, "/api/products/2", ["x_odd_points": -1]) }
        // The owner's own routes go on.
        #expect(JSON.text(try shop.sell(Shop.sale)["total"]) == "13500")
    }
}
