import Core
import Platform
import Testing

/// Records in and out as comma-separated values.
@Suite struct RecordCSVTests {
    private func load(_ shop: Shop, _ text: String, _ query: [(String, String)] = []) throws -> Value {
        try shop.call(.post, "/api/things/import", query: query, bytes: Array(text.utf8)).value
    }

    private func export(_ shop: Shop, _ query: [(String, String)] = []) throws -> String {
        guard case .bytes(let bytes, _) = try shop.call(.get, "/api/things/export", query: query).body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `each row has its verdict, and good rows stay`() throws {
        let shop = try RecordKindTests.shop()
        let answer = try load(
            shop,
            """
            name,count,weight,price,due,open,colour,product,parts
            one,3,1.5,1999,2026-02-28,false,red,1,"[{""label"":""x"",""amount"":5}]"
            two,99,0.1,-1,soon,maybe,blue,99,no
            ,,,,,,,,
            one,,,,,,,,
            five,,,,,,,,
            six,1
            """)
        #expect(answer["created"] == 2 && answer["failed"] == 4 && answer["kept"] == true)
        let rows = answer["rows"]?.array ?? []
        #expect(rows.map { $0["line"]?.int } == [2, 3, 4, 5, 6, 7])
        #expect(rows.map { $0["code"]?.string } == [nil, "request.invalid", "request.invalid", "record.not_unique", nil, "request.invalid"])
        #expect(try shop.get("/api/things")["items"]?.array?.compactMap { $0["name"]?.string } == ["one", "five"])
        #expect(JSON.text(try shop.get("/api/things/1")["parts"]?[0]?["amount"]) == "5")
    }

    @Test func `a trial and a whole or nothing change nothing`() throws {
        let shop = try RecordKindTests.shop()
        let before = try shop.tables()
        #expect(try load(shop, "name\na\nb\n", [("dry_run", "true")])["created"] == 2)
        #expect(try load(shop, "name,count\na,1\nb,99\n", [("all_or_nothing", "true")])["kept"] == false)
        #expect(try shop.tables() == before)
    }

    @Test func `a file that is no such table is refused as a whole`() throws {
        let shop = try RecordKindTests.shop()
        for text in ["", "name,name\n", "name,nothing\na,b\n", "name\n\"a\n"] {
            try shop.refuses("request.invalid") { try load(shop, text) }
        }
        try shop.refuses("request.invalid", field: "dry_run") { try load(shop, "name\na\n", [("dry_run", "perhaps")]) }
    }

    @Test func `what was exported is imported again`() throws {
        let shop = try RecordKindTests.shop()
        _ = try shop.call(.post, "/api/things", RecordKindTests.full)
        _ = try shop.call(.post, "/api/things", ["name": "=1+1, \"x\""])
        let text = try export(shop)
        #expect(text.hasPrefix("id,name,code,count,weight,price,share,due,seen,open,colour,product,extra,order,parts,version,created_at,updated_at\r\n"))
        #expect(text.contains("\"'=1+1, \"\"x\"\"\""))
        let answer = try load(shop, text.replacing("ABC-7", with: "ABC-8"))
        #expect(answer["updated"] == 2 && answer["failed"] == 0)
        let first = try shop.get("/api/things/1")
        #expect(first["code"] == "ABC-8" && first["version"] == 2)
        #expect(try shop.get("/api/things/2")["name"] == "=1+1, \"x\"")
        // Filters are those of the list.
        #expect(try export(shop, [("price.gte", "1")]).split(separator: "\r\n").count == 2)
    }

    @Test func `an export is whole, however many rows there are`() throws {
        let shop = try RecordKindTests.shop()
        let names = (1...1_201).map { "n\($0)" }
        let answer = try load(shop, (["name"] + names).joined(separator: "\n"))
        #expect(answer["created"] == 1_201, "\(answer["rows"]?.array?.first { $0["status"] == "failed" } ?? .null)")
        let rows = try export(shop).split(separator: "\r\n")
        #expect(rows.count == 1_202 && rows.dropFirst().map { String($0.split(separator: ",")[1]) } == names)
    }
}
