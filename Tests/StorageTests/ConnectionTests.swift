import Core
import Storage
import Testing

@Suite struct ConnectionTests {
    let folder: TemporaryFolder
    let db: Connection

    init() throws {
        folder = try TemporaryFolder()
        db = try Connection(path: folder("a.db"), mode: .writer)
    }

    @Test func `every type comes back as it was bound`() throws {
        let select = SQL("SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?")
        let instant = try Instant("2026-01-05T09:30:00.123Z")
        let date = try CalendarDate("2026-01-05")
        let decimal = try Decimal("1.250")
        let none: String? = nil
        try db.each(
            select, Int64.min, 7, true, "grüß\u{0}dich", [UInt8]([0, 255]), [UInt8](), "", instant, date, decimal, none
        ) { row in
            #expect(row.int(0) == .min)
            #expect(row.int(1) == 7)
            #expect(row.bool(2))
            #expect(row.text(3) == "grüß\u{0}dich")
            #expect(row.bytes(4) == [0, 255])
            #expect(row.optionalBytes(5) == [])
            #expect(row.optionalText(6) == "")
            let (readInstant, readDate, readDecimal) = (try row.instant(7), try row.date(8), try row.decimal(9))
            #expect(readInstant == instant && readDate == date && readDecimal == decimal)
            #expect(row.isNull(10) && row.optionalText(10) == nil && row.optionalInt(10) == nil)
            #expect(row.value(0) == .int(.min) && row.value(6) == .string("") && row.value(10) == .null)
            return true
        }
    }

    @Test func `values of documents are bound as they are stored`() throws {
        let select = SQL("SELECT ?, ?, ?, ?, ?, ?, ?")
        let values: [Value] = [
            .null, .bool(true), .int(-5), .string("a"), .decimal(try Decimal("2.50")),
            .money(Money(minor: 1250, try Currency("GHS"))), .object(["list": .array([.int(1), .null])]),
        ]
        let row = try db.first(select, values: values) { row in (0..<row.count).map { row.value($0) } }
        #expect(row == [.null, .int(1), .int(-5), .string("a"), .string("2.5"), .int(1250), .string(#"{"list":[1,null]}"#)])
        let month = try CalendarMonth("2026-01")
        let some: Int64? = 7
        let texts = try db.query(SQL("SELECT ?, ?, ?, ?"), values: [month, "xyz".dropFirst(), some, 1.5]) { row in
            (0..<4).map { row.value($0) }
        }
        #expect(texts == [[.string("2026-01"), .string("yz"), .int(7), .double(1.5)]])
        var seen: [Int64] = []
        try db.each(SQL("VALUES (?), (?)"), values: [1, 2]) { row in
            seen.append(row.int(0))
            return true
        }
        #expect(seen == [1, 2])
        #expect(try db.text(SQL("SELECT ?"), "x") == "x" && db.text(SQL("SELECT NULL")) == nil)
        #expect(try db.integer(SQL("SELECT 1 WHERE ?"), false) == 0)
    }

    @Test func `the fast path binds every type`() throws {
        let statement = try db.statement(SQL("SELECT ?1, ?2, ?3, ?4, ?5, ?6"))
        statement.bind(1, 5 as Int64?)
        statement.bind(2, "text" as String?)
        statement.bind(3, [1, 2] as [UInt8]?)
        statement.bind(4, nil as Int64?)
        statement.bind(5, nil as String?)
        statement.bind(6, nil as [UInt8]?)
        #expect(try statement.step())
        #expect(statement.int64(0) == 5 && statement.text(1) == "text" && statement.bytes(2) == [1, 2])
        #expect((3...5).allSatisfy { statement.isNull($0) })
        statement.reset()
        // Parameters stay bound; one that does not exist is told by the next step.
        #expect(try statement.step() && statement.int64(0) == 5)
        statement.reset()
        statement.bind(7, 1 as Int64)
        #expect(throws: StorageError.self) { try statement.step() }
        #expect(try statement.step())
    }

    @Test func `a file gives back the pages of what was removed`() throws {
        try db.execute(script: "CREATE TABLE t (a BLOB) STRICT")
        let insert = SQL("INSERT INTO t VALUES (?)")
        try db.transaction { for _ in 0..<200 { try db.run(insert, [UInt8](repeating: 1, count: 4000)) } }
        try db.execute(script: "DELETE FROM t")
        try db.checkpoint(.truncate)
        let before = try Files.size(folder("a.db"))
        try db.vacuum()
        try db.checkpoint(.truncate)
        #expect(try Files.size(folder("a.db")) < before / 10)
        #expect(try db.soundness(full: true) == [])
        // And nothing can be attached afterwards either.
        #expect(throws: StorageError.self) { try db.run(SQL("ATTACH ':memory:' AS other")) }
    }

    @Test func `values and statements beyond the limits are refused`() throws {
        #expect(throws: StorageError.tooBig) { try db.run(SQL("SELECT zeroblob(100000000)")) }
        #expect(throws: StorageError.self) { try db.run(SQL("SELECT " + String(repeating: "(", count: 300) + "1" + String(repeating: ")", count: 300))) }
        #expect(throws: StorageError.self) { try db.run(SQL("")) }
    }

    @Test func `a long text survives a change of what it was bound from`() throws {
        let statement = try db.statement(SQL("SELECT ?1"))
        var text = String(repeating: "x", count: 100_000)
        statement.bind(1, text)
        text = ""
        #expect(try statement.step())
        #expect(statement.text(0) == String(repeating: "x", count: 100_000))
        #expect(statement.withText(0) { $0.count } == 100_000)
        #expect(try !statement.step())
    }

    @Test func `the number of values must be that of the parameters`() throws {
        #expect(throws: StorageError.misuse("1 values for 2 parameters of SELECT ?, ?")) { try db.run(SQL("SELECT ?, ?"), 1) }
        #expect(throws: StorageError.misuse("3 values for 2 parameters of SELECT ?, ?")) {
            try db.run(SQL("SELECT ?, ?"), 1, 2, 3)
        }
        #expect(throws: StorageError.misuse("0 values for 1 parameters of SELECT ?")) {
            try db.query(SQL("SELECT ?"), values: []) { $0.int(0) }
        }
    }

    @Test func `a statement that is being stepped can be used again further down`() throws {
        let numbers = SQL("WITH n(i) AS (VALUES (1), (2), (3)) SELECT i FROM n")
        var pairs: [[Int64]] = []
        try db.each(numbers) { outer in
            let i = outer.int(0)
            try db.each(numbers) { inner in
                pairs.append([i, inner.int(0)])
                return inner.int(0) < 2
            }
            return true
        }
        #expect(pairs == [[1, 1], [1, 2], [2, 1], [2, 2], [3, 1], [3, 2]])
    }

    @Test func `more statements than the cache holds`() throws {
        var options = Connection.Options()
        options.statementLimit = 16
        let small = try Connection(path: "", mode: .memory, options: options)
        let statements = (0..<100).map { SQL("SELECT \($0)") }
        for _ in 0..<3 {
            for (index, sql) in statements.enumerated() { #expect(try small.integer(sql) == index) }
        }
        // While one is being stepped, the cache turns over.
        var seen = 0
        try small.each(SQL("VALUES (1), (2)")) { _ in
            for sql in statements { _ = try small.integer(sql) }
            seen += 1
            return true
        }
        #expect(seen == 2)
    }

    @Test func `a writer is set up to be safe`() throws {
        func pragma(_ name: String, _ db: Connection) throws -> String? { try db.text(SQL("PRAGMA \(name)")) }
        #expect(try pragma("journal_mode", db) == "wal")
        #expect(try pragma("synchronous", db) == "2")
        #expect(try pragma("foreign_keys", db) == "1")
        #expect(try pragma("trusted_schema", db) == "0")
        #expect(try pragma("mmap_size", db) == "0")
        #expect(try pragma("wal_autocheckpoint", db) == "0")
        #expect(try pragma("application_id", db) == "1263424594")
        let reader = try Connection(path: folder("a.db"), mode: .reader)
        #expect(try pragma("query_only", reader) == "1")
        #expect(try pragma("trusted_schema", reader) == "0")
        #expect(throws: StorageError.self) { try db.run(SQL("SELECT load_extension('x')")) }
        #expect(throws: StorageError.self) { try db.run(SQL("ATTACH ':memory:' AS other")) }
        #expect(throws: StorageError.self) { try db.run(SQL("SELECT \"no such column\"")) }
        #expect(try Files.mode(folder("a.db")) == 0o600)
    }

    @Test func `a reader cannot write or checkpoint`() throws {
        try db.execute(script: "CREATE TABLE t (a INTEGER) STRICT")
        let reader = try Connection(path: folder("a.db"), mode: .reader)
        let error = #expect(throws: StorageError.self) { try reader.run(SQL("INSERT INTO t VALUES (1)")) }
        #expect(error?.code == "storage.denied")
        #expect(throws: StorageError.self) { try reader.checkpoint(.passive) }
        #expect(throws: StorageError.self) { try reader.execute(script: "PRAGMA query_only=0; INSERT INTO t VALUES (1)") }
        #expect(try reader.integer(SQL("SELECT count(*) FROM t")) == 0)
    }

    @Test func `the last reader leaves the log alone`() throws {
        try db.execute(script: "CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (1)")
        let reader = try Connection(path: folder("a.db"), mode: .reader)
        #expect(try reader.integer(SQL("SELECT a FROM t")) == 1)
        let size = try Files.size(folder("a.db-wal"))
        #expect(size > 0)
        reader.close()
        #expect(try Files.size(folder("a.db-wal")) == size)
        db.close()
        #expect(!Files.exists(folder("a.db-wal")))
        #expect(try Connection(path: folder("a.db"), mode: .reader).integer(SQL("SELECT a FROM t")) == 1)
    }

    @Test func `files of others are refused`() throws {
        try Files.writeAtomically(folder("text.db"), String(repeating: "no database ", count: 100))
        #expect(throws: StorageError.corrupt("file is not a database")) { try Connection(path: folder("text.db"), mode: .writer) }
        let other = try Connection(path: folder("other.db"), mode: .writer)
        try other.execute(script: "PRAGMA application_id=7")
        other.close()
        #expect(throws: StorageError.self) { try Connection(path: folder("other.db"), mode: .writer) }
        var options = Connection.Options()
        options.creates = false
        #expect(throws: StorageError.self) { try Connection(path: folder("none.db"), mode: .writer, options: options) }
        #expect(!Files.exists(folder("none.db")))
    }

    @Test func `constraints are told apart`() throws {
        try db.execute(
            script: """
                CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT;
                CREATE TABLE t (
                  a INTEGER NOT NULL CONSTRAINT a_is_small CHECK (a < 10), b TEXT, c TEXT, parent_id INTEGER REFERENCES parents (id),
                  UNIQUE (a, b)) STRICT;
                CREATE UNIQUE INDEX t_lower ON t (lower(c));
                CREATE TRIGGER t_fixed BEFORE DELETE ON t BEGIN SELECT raise(ABORT, 'rows stay'); END;
                INSERT INTO t (a, b, c) VALUES (1, 'x', 'y');
                """)
        func violation(_ sql: String) throws -> ConstraintViolation? {
            let error = #expect(throws: StorageError.self) { try db.run(SQL(sql)) }
            if case .constraint(let violation) = error { return violation }
            return nil
        }
        let unique = try violation("INSERT INTO t (a, b) VALUES (1, 'x')")
        #expect(unique?.kind == .unique && unique?.table == "t" && unique?.columns == ["a", "b"])
        let expression = try violation("INSERT INTO t (a, c) VALUES (2, 'Y')")
        #expect(expression?.kind == .unique && expression?.name == "t_lower")
        let missing = try violation("INSERT INTO t (b) VALUES ('y')")
        #expect(missing?.kind == .notNull && missing?.columns == ["a"])
        let checked = try violation("INSERT INTO t (a) VALUES (10)")
        #expect(checked?.kind == .check && checked?.name == "a_is_small")
        let foreign = try violation("INSERT INTO t (a, parent_id) VALUES (3, 9)")
        #expect(foreign?.kind == .foreignKey)
        let typed = try violation("INSERT INTO t (a) VALUES ('three')")
        #expect(typed?.kind == .type && typed?.table == "t" && typed?.columns == ["a"])
        let fixed = try violation("DELETE FROM t")
        #expect(fixed?.kind == .trigger && fixed?.name == "rows stay")
        let problem = StorageError.constraint(try #require(unique)).problem
        #expect(problem.status == 409 && problem.code == "storage.constraint" && problem.field == "a")
    }

    @Test func `savepoints undo what is inside them and nothing else`() throws {
        try db.execute(script: "CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT")
        let insert = SQL("INSERT INTO t VALUES (?)")
        try db.transaction {
            try db.run(insert, 1)
            #expect(throws: Refusal()) {
                try db.savepoint {
                    try db.run(insert, 2)
                    try db.savepoint { try db.run(insert, 3) }
                    throw Refusal()
                }
            }
            try db.savepoint {
                try db.run(insert, 4)
                #expect(throws: Refusal()) {
                    try db.savepoint {
                        try db.run(insert, 5)
                        throw Refusal()
                    }
                }
            }
        }
        #expect(try db.query(SQL("SELECT a FROM t ORDER BY a")) { $0.int(0) } == [1, 4])
        #expect(throws: Refusal()) {
            try db.transaction {
                try db.run(insert, 6)
                throw Refusal()
            }
        }
        #expect(try db.integer(SQL("SELECT count(*) FROM t")) == 2)
        #expect(!db.inTransaction)
    }

    @Test func `the authorizer judges new statements`() throws {
        try db.execute(script: "CREATE TABLE t (a INTEGER, b INTEGER) STRICT; INSERT INTO t VALUES (1, 2)")
        let delete = SQL("DELETE FROM t")
        db.authorize { action in action.operation == .delete && action.table == "t" ? .deny : .allow }
        let error = #expect(throws: StorageError.self) { try db.run(delete) }
        #expect(error?.code == "storage.denied")
        let sum = SQL("SELECT a, b FROM t")
        let read = { try db.query(sum) { $0.optionalInt(1) } }
        #expect(try read() == [2])
        let hidden = try db.authorized(by: { $0.operation == .read && $0.column == "b" ? .ignore : .allow }, read)
        #expect(hidden == [nil])
        #expect(try read() == [2])
        #expect(throws: StorageError.self) {
            try db.authorized(by: { $0.operation == .function ? .deny : .allow }) { try db.run(SQL("SELECT upper('a')")) }
        }
        db.authorize(nil)
        try db.run(delete)
        #expect(try read() == [])
    }

    @Test func `statements are recorded with their values`() throws {
        try db.execute(script: "CREATE TABLE t (a INTEGER, b TEXT) STRICT")
        var seen: [String] = []
        db.recordStatements { seen.append($0) }
        try db.run(SQL("INSERT INTO t VALUES (?, ?)"), 1, "it's")
        db.recordStatements(nil)
        try db.run(SQL("DELETE FROM t"))
        #expect(seen == ["INSERT INTO t VALUES (1, 'it''s')"])
    }

    @Test func `a long statement is stopped by a watcher and by another thread`() throws {
        let endless = SQL("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
        var calls = 0
        #expect(throws: StorageError.interrupted) {
            try db.watched(every: 1000, stop: { calls += 1; return calls == 3 }) { try db.run(endless) }
        }
        #expect(calls == 3)
        let interrupter = db.interrupter
        #expect(throws: StorageError.interrupted) {
            try db.watched(every: 1000, stop: { interrupter.interrupt(); return false }) { try db.run(endless) }
        }
        db.close()
        interrupter.interrupt()
    }

    @Test func `a chosen statement fails`() throws {
        try db.execute(script: "CREATE TABLE t (a INTEGER) STRICT")
        let insert = SQL("INSERT INTO t VALUES (?)")
        db.failStatement(2, with: .full)
        try db.run(insert, 1)
        #expect(throws: StorageError.full) { try db.run(insert, 2) }
        try db.run(insert, 3)
        #expect(try db.query(SQL("SELECT a FROM t")) { $0.int(0) } == [1, 3])
    }

    @Test func `a replaced row meets the triggers of a deleted one`() throws {
        let db = try Connection(path: ":memory:", mode: .memory)
        try db.execute(
            script: """
                CREATE TABLE kept (id INTEGER PRIMARY KEY, a TEXT UNIQUE) STRICT;
                CREATE TRIGGER kept_delete BEFORE DELETE ON kept BEGIN SELECT RAISE(ABORT, 'kept is append-only'); END;
                INSERT INTO kept VALUES (1, 'one');
                """)
        for text in ["INSERT OR REPLACE INTO kept VALUES (1, 'two')", "REPLACE INTO kept (a) VALUES ('one')"] {
            let error = #expect(throws: StorageError.self) { try db.run(SQL(text)) }
            #expect(error?.code == "storage.constraint")
        }
        #expect(try db.text(SQL("SELECT a FROM kept")) == "one")
    }

    @Test func `a file that should be there is not made`() throws {
        var options = Connection.Options()
        options.creates = false
        #expect(throws: StorageError.self) { try Connection(path: folder("none.db"), mode: .writer, options: options) }
        #expect(!Files.exists(folder("none.db")))
    }
}
