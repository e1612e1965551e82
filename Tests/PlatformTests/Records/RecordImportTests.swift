import Core
import Foundation
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

    /// A list whose hook runs for ever at one name, until a record says that it may pass.
    private static let stubborn = [
        "plugin.lua": "return { name = \"stub\", version = \"1.0.0\", permissions = { { \"stub.do\", title = \"Do\" } } }",
        "records/row.lua": """
            return { type = "stub.row", path = "stub-rows", permissions = { read = "stub.do", write = "stub.do" },
              fields = { { "name", "text", required = true } } }
            """,
        "records/pass.lua": "return { type = \"stub.pass\", path = \"stub-passes\", permissions = { read = \"stub.do\", write = \"stub.do\" }, fields = { { \"name\", \"text\" } } }",
        "hooks/stop.lua": """
            return { id = "stop", on = "stub.row", phase = "before_save", when = { name = "n150" }, run = function(row)
              if record.count("stub.pass") == 0 then while true do end end
            end }
            """,
    ]

    @Test func `the same import under one key is answered alike, and goes on where it was ended`() throws {
        let works = try Works(Self.stubborn)
        func load(_ text: String, key: String?, _ query: [(String, String)] = []) throws -> Reply {
            try works.call(.post, "/api/stub-rows/import", query: query, bytes: Array(text.utf8), contentType: "text/csv", key: key)
        }
        func names() throws -> [String] {
            try works.tenant.store.read { db in try db.query(SQL("SELECT name FROM stub_rows ORDER BY id")) { $0.text(0) } }
        }
        func unfinished() throws -> Int64 {
            try works.tenant.store.read { db in try db.integer(SQL("SELECT count(*) FROM platform_unfinished_work")) }
        }
        // A trial takes no key.
        #expect(try load(Self.names(3), key: "k1", [("dry_run", "true")]).value["created"] == 3)
        let file = Self.names(250)
        let first = try load(file, key: "k1").value
        #expect(first["kept"] == true && (first["failed"]?.int ?? 0) > 0 && (first["created"]?.int ?? 0) >= 1, "\(first["created"] ?? .null)")
        let kept = try names().count
        #expect(kept > 0 && kept < 150 && kept == Int(first["created"]?.int ?? 0))
        #expect(try unfinished() > 0)
        // Another file under the same key is another request.
        #expect(code { try load(Self.names(2), key: "k1") } == "DUPLICATE_TRANSACTION")
        _ = try works.call(.post, "/api/stub-passes", ["name": "go on"])
        let second = try load(file, key: "k1")
        #expect(second.value["created"] == 250 && second.value["failed"] == 0 && second.value["rows"]?.array?.count == 250)
        #expect(try names() == (1...250).map { "n\($0)" })
        #expect(try unfinished() == 0)
        let third = try load(file, key: "k1")
        #expect(third.value == second.value && third.headers.contains { $0.0 == "Idempotency-Replayed" })
        #expect(try names().count == 250)
        #expect(code { try load(Self.names(2), key: "k1") } == "DUPLICATE_TRANSACTION")
        // What keeps nothing since a row is wrong is an answer too.
        let refused = try load("id,name\n,fine\n999999,gone\n", key: "k2", [("all_or_nothing", "true")])
        #expect(refused.value["kept"] == false, "\(refused.value)")
        #expect(try load("id,name\n,fine\n999999,gone\n", key: "k2", [("all_or_nothing", "true")]).headers.contains { $0.0 == "Idempotency-Replayed" })
        // Without a key it is another import.
        #expect(try load("name\nlast\n", key: nil).value["created"] == 1)
        #expect(try load("name\nlast\n", key: nil).value["created"] == 1)
    }

    @Test func `two of the same import at once do nothing twice`() throws {
        let works = try Works(Self.stubborn)
        _ = try works.call(.post, "/api/stub-passes", ["name": "go on"])
        let file = Array(Self.names(400).utf8)
        let codes = Kept<String>()
        let done = DispatchSemaphore(value: 0)
        for _ in 0..<3 {
            Thread.detachNewThread {
                do {
                    codes.add("\(try works.call(.post, "/api/stub-rows/import", bytes: file, contentType: "text/csv", key: "same").value["created"] ?? .null)")
                } catch {
                    codes.add((error as? any ProblemConvertible)?.problem.code ?? "\(error)")
                }
                done.signal()
            }
        }
        for _ in 0..<3 { try #require(done.wait(timeout: .now() + 60) == .success) }
        let told = codes.all
        #expect(told.allSatisfy { ["400", "request.in_progress"].contains($0) }, "\(told)")
        #expect(told.contains("400"), "\(told)")
        let count = try works.tenant.store.read { db in try db.integer(SQL("SELECT count(*) FROM stub_rows")) }
        #expect(count == 400)
    }
}
