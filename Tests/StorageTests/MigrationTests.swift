import Core
import Storage
import Testing

@Suite struct MigrationTests {
    let folder: TemporaryFolder
    let clock = ManualClock()

    init() throws {
        folder = try TemporaryFolder()
        clock.set(try Instant("2026-01-05T09:30:00Z"))
    }

    static let sales = Migration(room: "sample", number: 1, name: "sales", sql: "CREATE TABLE sales (id INTEGER PRIMARY KEY) STRICT")
    static let notes = Migration(
        room: "sample", number: 2, name: "notes", sql: "ALTER TABLE sales ADD COLUMN note TEXT NOT NULL DEFAULT 'none'")
    static let plugin = Migration(
        room: "plugin:x", number: 1, name: "x", sql: "CREATE TABLE x_things (id INTEGER PRIMARY KEY) STRICT")

    func open() throws -> Connection { try Connection(path: folder("a.db"), mode: .writer) }

    @Test func `each is applied once and recorded`() throws {
        let db = try open()
        #expect(try Migrations.apply([Self.sales, Self.notes], to: db, clock: clock).map(\.number) == [1, 2])
        #expect(try Migrations.apply([Self.sales, Self.notes], to: db, clock: clock).isEmpty)
        let applied = try Migrations.applied(in: db)
        #expect(applied.map(\.name) == ["sales", "notes"])
        #expect(applied[0].appliedAt == "2026-01-05T09:30:00.000Z")
        #expect(applied[0].checksum == Self.sales.checksum && applied[0].checksum.utf8.count == 64)
    }

    @Test func `an old database with rows is brought forward, and a copy of it is kept`() throws {
        let pool = LanePool(threads: 1)
        var configuration = StoreConfiguration(migrations: [Self.sales])
        configuration.clock = clock
        let old = Store(path: folder("a.db"), configuration: configuration, pool: pool)
        try old.write { try $0.execute(script: "INSERT INTO sales VALUES (1), (2)") }
        old.waitUntilQuiet()
        #expect(old.closeIfIdle())
        #expect(try Files.list(folder.path) == ["a.db"])

        configuration.migrations.append(Self.notes)
        let new = Store(path: folder("a.db"), configuration: configuration, pool: pool)
        #expect(try new.read { try $0.query(SQL("SELECT note FROM sales")) { $0.text(0) } } == ["none", "none"])
        let copy = folder("a.db.before-migration-2026-01-05T093000.000Z")
        let kept = try Connection(path: copy, mode: .reader)
        #expect(try kept.query(SQL("SELECT * FROM sales ORDER BY id")) { row in [row.int(0), Int64(row.count)] } == [[1, 1], [2, 1]])
        #expect(try Migrations.applied(in: kept).map(\.number) == [1])
        #expect(new.closeIfIdle())

        // The next one takes the place of the first; without a migration nothing is copied.
        clock.advance(milliseconds: 1000)
        let again = Store(path: folder("a.db"), configuration: configuration, pool: pool)
        try again.ensureOpen()
        #expect(Files.exists(copy))
        #expect(again.closeIfIdle())
        configuration.migrations.append(Migration(room: "sample", number: 3, name: "c", sql: "CREATE TABLE c (a INTEGER) STRICT"))
        try Store(path: folder("a.db"), configuration: configuration, pool: pool).ensureOpen()
        #expect(try Files.list(folder.path).filter { $0.contains("before") } == ["a.db.before-migration-2026-01-05T093001.000Z"])
    }

    @Test func `one that fails leaves its database as it was`() throws {
        let db = try open()
        let broken = Migration(
            room: "sample", number: 2, name: "broken", sql: "CREATE TABLE half (a INTEGER) STRICT; INSERT INTO nowhere VALUES (1)")
        #expect(throws: StorageError.self) { try Migrations.apply([Self.sales, broken], to: db, clock: clock) }
        #expect(try db.query(SQL("SELECT name FROM sqlite_schema WHERE name IN ('sales', 'half')")) { $0.text(0) } == ["sales"])
        #expect(try Migrations.applied(in: db).count == 1)
        #expect(!db.inTransaction)
    }

    @Test func `a changed, a newer and a late one are refused before anything is changed`() throws {
        let db = try open()
        try Migrations.apply([Self.sales, Self.notes], to: db, clock: clock)
        let changed = Migration(room: "sample", number: 1, name: "sales", sql: "CREATE TABLE sales (id INTEGER) STRICT")
        let third = Migration(room: "sample", number: 3, name: "c", sql: "CREATE TABLE c (a INTEGER) STRICT")
        #expect(throws: StorageError.migrationChanged(room: "sample", number: 1)) {
            try Migrations.apply([third, changed].sorted { $0.number < $1.number }, to: db)
        }
        #expect(throws: StorageError.newerSchema(room: "sample", number: 2)) { try Migrations.apply([Self.sales], to: db) }
        let other = Migration(room: "other", number: 1, name: "c", sql: "CREATE TABLE c (a INTEGER) STRICT")
        #expect(throws: StorageError.newerSchema(room: "sample", number: 1)) { try Migrations.apply([other], to: db) }
        #expect(throws: StorageError.migrationOrder(room: "sample", number: 1)) {
            try Migrations.apply([Self.notes, Self.sales], to: db)
        }
        try Migrations.apply([Self.sales, Self.notes, Migration(room: "sample", number: 5, name: "e", sql: "SELECT 1")], to: db)
        #expect(throws: StorageError.migrationOrder(room: "sample", number: 3)) {
            try Migrations.apply([Self.sales, Self.notes, third, Migration(room: "sample", number: 5, name: "e", sql: "SELECT 1")], to: db)
        }
        #expect(try db.integer(SQL("SELECT count(*) FROM sqlite_schema WHERE name = 'c'")) == 0)
    }

    @Test func `a store with a newer database says so and stays closed`() throws {
        let db = try open()
        try Migrations.apply([Self.sales, Self.notes], to: db)
        db.close()
        let store = Store(path: folder("a.db"), configuration: StoreConfiguration(migrations: [Self.sales]), pool: LanePool(threads: 1))
        #expect(throws: StorageError.newerSchema(room: "sample", number: 2)) { try store.read { _ in } }
        #expect(throws: StorageError.newerSchema(room: "sample", number: 2)) { try store.write { _ in } }
        #expect(!store.isOpen)
    }

    @Test func `a plugin's migrations come and go with it, also inside a turn`() throws {
        let pool = LanePool(threads: 1)
        let store = Store(path: folder("a.db"), configuration: StoreConfiguration(migrations: [Self.sales]), pool: pool)
        let broken = Migration(room: "plugin:x", number: 2, name: "y", sql: "CREATE TABLE x_half (a INTEGER) STRICT; SELECT nothing")
        #expect(throws: StorageError.self) {
            try store.write { _ = try Migrations.apply([Self.plugin, broken], to: $0, partial: true) }
        }
        #expect(try store.read { try Migrations.applied(in: $0) }.map(\.room) == ["sample"])
        try store.write { _ = try Migrations.apply([Self.plugin], to: $0, partial: true) }
        store.waitUntilQuiet()
        #expect(store.closeIfIdle())
        #expect(try store.read { try Migrations.applied(in: $0) }.map(\.room) == ["sample", "plugin:x"])
    }

    @Test func `a table can be rebuilt under the rows that refer to it`() throws {
        let db = try open()
        let base = Migration(
            room: "sample", number: 1, name: "base",
            sql: """
                CREATE TABLE kinds (id INTEGER PRIMARY KEY, name TEXT) STRICT;
                CREATE TABLE items (id INTEGER PRIMARY KEY, kind_id INTEGER NOT NULL REFERENCES kinds (id)) STRICT;
                """)
        try Migrations.apply([base], to: db)
        try db.execute(script: "INSERT INTO kinds VALUES (1, 'a'); INSERT INTO items VALUES (1, 1)")
        func rebuild(_ number: Int, keeping condition: String) -> Migration {
            Migration(
                room: "sample", number: number, name: "rebuild",
                sql: """
                    CREATE TABLE fresh (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
                    INSERT INTO fresh SELECT id, name FROM kinds WHERE \(condition);
                    DROP TABLE kinds;
                    ALTER TABLE fresh RENAME TO kinds;
                    """, rebuildsTables: true)
        }
        #expect(throws: StorageError.self) { try Migrations.apply([base, rebuild(2, keeping: "0")], to: db) }
        #expect(try db.integer(SQL("SELECT count(*) FROM kinds")) == 1)
        try Migrations.apply([base, rebuild(2, keeping: "1")], to: db)
        #expect(try db.integer(SQL("PRAGMA foreign_keys")) == 1)
        #expect(throws: StorageError.self) { try db.run(SQL("INSERT INTO items VALUES (2, 9)")) }
    }

    @Test func `a migration written in Swift`() throws {
        let db = try open()
        let body = Migration(
            room: "sample", number: 2, name: "fill",
            body: .swift(version: 1) { db in
                for id in 1...3 { try db.run(SQL("INSERT INTO sales VALUES (?)"), id) }
            })
        try Migrations.apply([Self.sales, body], to: db)
        #expect(try db.integer(SQL("SELECT count(*) FROM sales")) == 3)
    }
}
