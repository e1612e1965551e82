import Core
import Platform
import Storage
import Synchronization
import Testing

/// Imports of many rows: a small share of the lane at a time, and whole or not at all only where that is short.
@Suite struct RecordImportTests {
    private func load(_ shop: Shop, _ text: String, _ query: [(String, String)] = []) throws -> Value {
        try shop.call(.post, "/api/things/import", query: query, bytes: Array(text.utf8)).value
    }

    private static func names(_ count: Int) -> String { (["name"] + (1...count).map { "n\($0)" }).joined(separator: "\n") }

    /// Asks again and again, as long as it is wanted, how many rows there are: each time from the lane's own thread.
    private final class Watcher: LaneWork {
        private let store: Store
        let counts = Mutex<Set<Int64>>([])
        let isWanted = Mutex(true)

        init(_ store: Store) { self.store = store }

        func perform(_ db: Connection) throws {
            let count = try db.integer(SQL("SELECT count(*) FROM odd_things"))
            _ = counts.withLock { $0.insert(count) }
        }

        func refused(_ error: any Error, _ db: Connection) throws {}
        func finished(_ outcome: LaneOutcome) { if isWanted.withLock({ $0 }) { try? store.submit(self) } }
    }

    @Test func `others come in between, and see whole slices`() throws {
        let shop = try RecordKindTests.shop()
        let watcher = Watcher(shop.tenant.store)
        try shop.tenant.store.submit(watcher)
        let answer = try load(shop, Self.names(600))
        watcher.isWanted.withLock { $0 = false }
        #expect(answer["created"] == 600 && answer["kept"] == true)
        // At most 100 rows are done in one go. The watcher is in every turn, before the slice or behind it.
        let between = watcher.counts.withLock { $0 }.filter { $0 > 0 && $0 < 600 }
        #expect(between.count >= 2, "\(between)")
        let seen = [0] + between.sorted() + [600]
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $1 - $0 <= 200 }, "\(seen)")
    }

    @Test func `all or nothing is for as many rows as go in one turn`() throws {
        let shop = try RecordKindTests.shop()
        let problem = try shop.refuses("record.import_too_long", field: "all_or_nothing") { try load(shop, Self.names(201), [("all_or_nothing", "true")]) }
        #expect(problem?.extra.first { $0.0 == "most" }?.1 == 200)
        #expect(try load(shop, Self.names(200), [("all_or_nothing", "true")])["created"] == 200)
        // The last row is wrong: nothing stays, though the others were right.
        let before = try shop.tables()
        let rows = "name\n" + (1...150).map { "m\($0)\n" }.joined() + "n7\n"
        let answer = try load(shop, rows, [("all_or_nothing", "true")])
        #expect(answer["kept"] == false && answer["failed"] == 1 && answer["created"] == 150)
        #expect(try shop.tables() == before)
    }

    @Test func `a trial sees what the file has twice, however far apart`() throws {
        let shop = try RecordKindTests.shop()
        let before = try shop.tables()
        let answer = try load(shop, Self.names(320) + "\nn3\n", [("dry_run", "true")])
        #expect(answer["created"] == 320 && answer["failed"] == 1 && answer["kept"] == false)
        #expect(answer["rows"]?.array?.last?["code"] == "record.not_unique")
        #expect(try shop.tables() == before)
    }

    @Test func `a row that takes too much ends its slice, and what was kept is told`() throws {
        var files = RecordKindTests.files
        files["hooks/slow.lua"] = #"""
            return { id = "slow", on = "odd.thing", phase = "before_save", run = function(thing)
              if thing.name == "n150" then while true do end end
            end }
            """#
        let shop = try Shop()
        try shop.install("odd", files, capabilities: #"record = { read = { "catalog.product" } }"#)
        let answer = try load(shop, Self.names(250))
        let created = answer["created"]?.int ?? 0
        #expect(created >= 1 && created < 150 && answer["failed"]?.int == 250 - created && answer["kept"] == true)
        #expect(answer["rows"]?.array?.count == 250)
        #expect(try shop.tenant.store.read { db in try db.integer(SQL("SELECT count(*) FROM odd_things")) } == created)
    }

    @Test func `a file with too many rows is refused`() throws {
        let shop = try RecordKindTests.shop()
        try shop.refuses("request.invalid") { try load(shop, Self.names(10_001)) }
    }
}
