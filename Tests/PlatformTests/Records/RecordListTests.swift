import Core
import Platform
import Testing

/// Filters, orders and pages of lists.
@Suite struct RecordListTests {
    static func shop(_ count: Int = 12) throws -> Shop {
        let shop = try RecordKindTests.shop()
        for number in 1...count {
            var body: Object = ["name": .string("n\(number)"), "count": .int(Int64(number % 4)), "price": .int(Int64(number * 100))]
            if number % 3 != 0 { body["due"] = .string("2026-01-\(number + 10)") }
            body["colour"] = .string(number % 2 == 0 ? "red" : "green")
            _ = try shop.call(.post, "/api/things", .object(body))
        }
        return shop
    }

    private func names(_ shop: Shop, _ query: [(String, String)]) throws -> [String] {
        (try shop.get("/api/things", query: query)["items"]?.array ?? []).compactMap { $0["name"]?.string }
    }

    static let filters: [([(String, String)], [Int])] = [
        ([("colour", "red")], [2, 4, 6, 8, 10, 12]),
        ([("price.gte", "1000")], [10, 11, 12]),
        ([("price.gt", "1000")], [11, 12]),
        ([("price.lte", "200")], [1, 2]),
        ([("price.lt", "200")], [1]),
        ([("price.ne", "100"), ("price.lt", "400")], [2, 3]),
        ([("name.in", "n3,n5,nothing")], [3, 5]),
        ([("name.begins", "n1")], [1, 10, 11, 12]),
        ([("due.lte", "2026-01-12"), ("colour", "green")], [1]),
        ([("count", "0"), ("colour", "red")], [4, 8, 12]),
        ([("id.lt", "3")], [1, 2]),
        ([("open", "true"), ("price", "300")], [3]),
    ]

    @Test func `filters find what fits`() throws {
        let shop = try Self.shop()
        for (query, wanted) in Self.filters {
            #expect(try names(shop, query) == wanted.map { "n\($0)" }, "\(query)")
        }
    }

    static let refused: [(String, String, String)] = [
        ("nothing", "1", "request.invalid"), ("price.near", "1", "record.filter_invalid"), ("price", "much", "record.filter_invalid"),
        ("open", "maybe", "record.filter_invalid"), ("due.gt", "soon", "record.filter_invalid"), ("limit", "0", "request.invalid"),
        ("limit", "201", "request.invalid"), ("limit", "x", "request.invalid"), ("sort", "nothing", "record.filter_invalid"),
        ("cursor", "x", "request.invalid"), ("extra", "1", "request.invalid"), ("parts", "1", "request.invalid"),
        ("price.begins", "1", "record.filter_invalid"), ("deleted", "perhaps", "request.invalid"), ("sort", "name,-name", "request.invalid"),
    ]

    @Test func `what cannot be looked for is refused`() throws {
        let shop = try Self.shop(1)
        for (name, value, wanted) in Self.refused {
            #expect(code { try shop.get("/api/things", query: [(name, value)]) } == wanted, "\(name)=\(value)")
        }
    }

    static let orders = ["", "name", "-name", "due", "-due", "count,-price", "-count,name", "-id", "colour,-due", "-created_at"]

    /// Each record comes once, however the pages are cut, while others are made and deleted in between.
    @Test(arguments: orders) func `pages lose nothing and repeat nothing`(_ sort: String) throws {
        let shop = try Self.shop()
        let wanted = try names(shop, [("sort", sort), ("limit", "200")].filter { !$0.1.isEmpty })
        for limit in [1, 5] {
            var found: [String] = []
            var cursor: String?
            var page = 0
            repeat {
                var query = [("limit", String(limit))]
                if !sort.isEmpty { query.append(("sort", sort)) }
                if let cursor { query.append(("cursor", cursor)) }
                let answer = try shop.get("/api/things", query: query)
                found += (answer["items"]?.array ?? []).compactMap { $0["name"]?.string }
                cursor = answer["next_cursor"]?.string
                page += 1
                // A few only: with a page for each new record there is no end.
                if page > 8 { continue }
                _ = try shop.call(.post, "/api/things", ["name": .string("new\(limit)-\(page)"), "due": "2026-01-15", "count": 2])
            } while cursor != nil && page < 100
            #expect(found.filter { $0.hasPrefix("n") && !$0.hasPrefix("new") } == wanted, "sort \(sort), limit \(limit)")
            #expect(Set(found).count == found.count)
            for thing in try shop.get("/api/things", query: [("name.begins", "new"), ("limit", "200")])["items"]?.array ?? [] {
                _ = try shop.call(.delete, "/api/things/\(thing["id"]?.int ?? 0)")
            }
        }
    }

    @Test func `a cursor serves only the order that gave it`() throws {
        let shop = try Self.shop()
        let cursor = try shop.get("/api/things", query: [("limit", "2"), ("sort", "name")])["next_cursor"]?.string ?? ""
        #expect(code { try shop.get("/api/things", query: [("cursor", cursor)]) } == "request.invalid")
        #expect(code { try shop.get("/api/things", query: [("sort", "-name"), ("cursor", cursor)]) } == "request.invalid")
    }
}
