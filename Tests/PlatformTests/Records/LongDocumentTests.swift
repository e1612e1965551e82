import Core
import Platform
import Testing

/// A document of 900 lines is nobody's fault: its lines bring an allowance.
@Suite struct LongDocumentTests {
    private static let files = [
        "plugin.lua": #"return { name = "docs", version = "1.0.0", permissions = { { "docs.see" }, { "docs.edit" } } }"#,
        "records/item.lua": #"""
            return { type = "docs.item", path = "doc-items", permissions = { read = "docs.see", write = "docs.edit" },
              fields = { { "sku", "text", required = true, unique = true }, { "price", "money", default = 0 } } }
            """#,
        "records/bill.lua": #"""
            return { type = "docs.bill", path = "doc-bills", permissions = { read = "docs.see", write = "docs.edit" },
              fields = { { "total", "money", default = 0 },
                { "lines", "lines", fields = { { "sku", "text", required = true }, { "quantity", "integer" }, { "total", "money", default = 0 } } } } }
            """#,
        "hooks/price.lua": #"""
            return { id = "price", on = "docs.bill", phase = "before_save", run = function(bill)
              local total = money "0.00"
              for _, line in ipairs(bill.lines) do
                local item = record.find("docs.item", { sku = line.sku })
                line.total = item.price:mul(decimal.new(tostring(line.quantity)))
                total = total + line.total
              end
              bill.total = total
            end }
            """#,
        "routes/bill.lua": #"""
            return { method = "POST", path = "/api/doc-make", permission = "docs.edit",
              input = { { "lines", "list", fields = { { "sku", "text" }, { "quantity", "integer" } } }, { "times", "integer" } },
              run = function(req)
                for _ = 1, req.body.times or 0 do record.find("docs.item", { sku = "A" }) end
                if not req.body.lines or #req.body.lines == 0 then return {} end
                return { id = record.create("docs.bill", { lines = req.body.lines }).id }
              end }
            """#,
    ]

    @Test func `nine hundred lines are priced and kept, through REST and through a route`() throws {
        let works = try Works(Self.files)
        for (sku, price) in [("A", 125), ("B", 300)] {
            _ = try works.call(.post, "/api/doc-items", ["sku": .string(sku), "price": .int(Int64(price))])
        }
        let lines: Value = .array((1...900).map { ["sku": $0 % 2 == 0 ? "A" : "B", "quantity": .int(Int64($0 % 7))] })
        let expected = (1...900).reduce(0) { $0 + ($1 % 2 == 0 ? 125 : 300) * ($1 % 7) }
        let made = try works.call(.post, "/api/doc-bills", ["lines": lines]).value
        #expect(JSON.text(made["total"]) == "\(expected)" && made["lines"]?.array?.count == 900)
        let other = try works.call(.post, "/api/doc-make", ["lines": lines]).value["id"]?.int ?? 0
        #expect(JSON.text(try works.call(.get, "/api/doc-bills/\(other)").value["total"]) == "\(expected)")
        let changed = try works.call(.patch, "/api/doc-bills/\(other)", ["lines": lines]).value
        #expect(JSON.text(changed["total"]) == "\(expected)")
        // Without lines there is no allowance.
        #expect(code { try works.call(.post, "/api/doc-make", ["times": 900]) } == "script.reads")
    }
}
