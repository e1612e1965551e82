import Core
import Storage
import Testing

/// What connections and stores meet seldom.
@Suite struct EdgeTests {
    let folder: TemporaryFolder
    let pool = LanePool(threads: 1)

    init() throws { folder = try TemporaryFolder() }

    private func connection() throws -> Connection {
        let db = try Connection(path: folder("a.db"), mode: .writer)
        try db.execute(script: "CREATE TABLE kinds (id INTEGER PRIMARY KEY); CREATE TABLE items (id INTEGER PRIMARY KEY, kind INTEGER REFERENCES kinds (id))")
        return db
    }

    @Test func `references that dangle after a table was made anew are refused, and references count again`() throws {
        let db = try connection()
        defer { db.close() }
        let dangling = SQL("INSERT INTO items (kind) VALUES (7)")
        #expect(throws: StorageError.unsound("items row 1 refers to a missing row of kinds")) {
            try db.transaction { try db.withoutForeignKeys(checking: ["kinds", "items"]) { try db.run(dangling) } }
        }
        #expect(throws: Refusal()) {
            try db.transaction { try db.withoutForeignKeys(checking: []) { throw Refusal() } }
        }
        let error = #expect(throws: StorageError.self) { try db.run(dangling) }
        #expect(error?.code == "storage.constraint")
        try db.transaction { try db.withoutForeignKeys(checking: ["items"]) { try db.run(SQL("INSERT INTO items (kind) VALUES (NULL)")) } }
        #expect(try db.integer(SQL("SELECT count(*) FROM items")) == 1)
    }

    @Test func `soundness names rows that refer to missing ones`() throws {
        let db = try connection()
        defer { db.close() }
        try db.execute(script: "PRAGMA foreign_keys=OFF; INSERT INTO items (kind) VALUES (7); PRAGMA foreign_keys=ON")
        #expect(try db.soundness(full: true) == ["items row 1 refers to a missing row of kinds"])
        #expect(try db.soundness(full: false) == [])
    }

    @Test(arguments: ["SELECT 1; SELECT 2", "", "EXPLAIN SELECT 1", "INSERT INTO kinds DEFAULT VALUES", "BEGIN"])
    func `what is not one query is not described`(text: String) throws {
        let db = try connection()
        defer { db.close() }
        let error = #expect(throws: StorageError.self) { try db.describe(select: text, judgedBy: { _ in .allow }) }
        #expect(error?.code == "storage.misuse")
        #expect(try db.describe(select: "SELECT id AS a FROM items WHERE id > :low;\n", judgedBy: { _ in .allow }).columns == ["a"])
    }

    @Test func `values in a list are bound in their order, and counted`() throws {
        let db = try connection()
        defer { db.close() }
        let insert = SQL("INSERT INTO items (id, kind) VALUES (?, ?)")
        let none: Int64? = nil
        try db.run(insert, values: [Int32(4), none])
        #expect(try db.query(SQL("SELECT id FROM items WHERE id BETWEEN ? AND ?"), values: [3, Int64(5)]) { $0.int(0) } == [4])
        let error = #expect(throws: StorageError.self) { try db.run(insert, values: [5]) }
        #expect(error?.code == "storage.misuse")
        #expect(throws: StorageError.self) { try db.run(insert, values: [5, 6, 7]) }
        #expect(try db.integer(SQL("SELECT count(*) FROM items")) == 1)
    }

    @Test func `a folder that is not there is told, for writers and readers`() {
        for mode in [Connection.Mode.writer, .reader] {
            let error = #expect(throws: StorageError.self) { try Connection(path: folder("none/a.db"), mode: mode) }
            #expect(error?.code == "storage.cannot_open")
        }
    }

    @Test func `a reader that cannot be prepared is told and not counted as taken`() throws {
        nonisolated(unsafe) var fails = true
        let store = Store(
            path: folder("b.db"),
            configuration: Sample.configuration {
                $0.readers = 1
                $0.openedReader = { _ in if fails { throw Refusal() } }
            }, pool: pool)
        for _ in 0..<3 {
            let error = #expect(throws: StorageError.self) { try store.read { _ in } }
            #expect(error?.code == "storage.cannot_open")
        }
        fails = false
        #expect(try Sample.names(store) == [])
        #expect(throws: Refusal()) { try store.read { _ in throw Refusal() } }
        #expect(throws: Refusal()) { try store.readAlone { _ in throw Refusal() } }
        #expect(try Sample.names(store) == [])
    }

    @Test func `a savepoint that cannot be undone undoes the whole turn`() throws {
        let store = Store(path: folder("c.db"), configuration: Sample.configuration { $0.reopenNanoseconds = 0 }, pool: pool)
        try store.write { try $0.run(Sample.insert, "before", 1) }
        let held = try HeldLane(store)
        let neighbour = Sample.add("neighbour")
        let breaking = Work { db in
            try db.run(Sample.insert, "half", 1)
            db.failStatement(1)
            throw Refusal()
        }
        try store.submit(neighbour)
        try store.submit(breaking)
        held.release()
        #expect(neighbour.failure != nil)
        #expect(breaking.failure != nil)
        #expect(try Sample.names(store) == ["before"])
        try store.write { db in
            db.failStatement(nil)
            try db.run(Sample.insert, "after", 1)
        }
        #expect(try Sample.names(store) == ["before", "after"])
    }
}
