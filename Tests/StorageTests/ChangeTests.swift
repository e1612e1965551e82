import Core
import Storage
import Testing

/// What a store says of which tables changed.
@Suite struct ChangeTests {
    let folder: TemporaryFolder
    let pool = LanePool(threads: 2)
    let store: Store

    static let schema = """
        CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
        CREATE TABLE words (word TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
        CREATE TABLE copies (text TEXT) STRICT;
        CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT;
        CREATE TABLE children (parent_id INTEGER REFERENCES parents (id) ON DELETE CASCADE) STRICT;
        CREATE TRIGGER words_insert AFTER INSERT ON words BEGIN INSERT INTO copies VALUES (NEW.word); END;
        INSERT INTO parents VALUES (1);
        INSERT INTO children VALUES (1);
        """
    static let insertNote = SQL("INSERT INTO notes (text) VALUES (?)")
    static let insertWord = SQL("INSERT INTO words (word) VALUES (?)")
    static let deleteNone = SQL("DELETE FROM notes WHERE text = 'not there'")
    static let deleteParents = SQL("DELETE FROM parents")

    init() throws {
        folder = try TemporaryFolder()
        store = Store(
            path: folder("a.db"),
            configuration: StoreConfiguration(migrations: [Migration(room: "test", number: 1, name: "tables", sql: Self.schema)]),
            pool: pool)
        try store.ensureOpen()
    }

    /// The tables whose stamps differ after `body`.
    private func changed(_ body: () throws -> Void) throws -> [String] {
        let tables = ["notes", "words", "copies", "parents", "children"]
        let before = tables.map { store.changeStamp(of: TableSet([$0])) }
        try body()
        return zip(tables, before).filter { store.changeStamp(of: TableSet([$0])) != $1 }.map(\.0)
    }

    @Test func `a commit changes the stamps of the tables that it wrote, triggers and cascades included`() throws {
        #expect(try changed { try store.write { try $0.run(Self.insertNote, "one") } } == ["notes"])
        #expect(try changed { try store.write { try $0.run(Self.insertWord, "one") } } == ["words", "copies"])
        #expect(try changed { try store.write { try $0.run(Self.insertWord, "again, from the cache") } } == ["words", "copies"])
        #expect(try changed { try store.write { try $0.run(Self.deleteParents) } } == ["parents", "children"])
        #expect(try changed { _ = try store.read { try $0.integer(SQL("SELECT count(*) FROM notes")) } } == [])
    }

    @Test func `what changed no row changed nothing`() throws {
        #expect(try changed { try store.write { try $0.run(Self.deleteNone) } } == [])
        #expect(store.statistics.rowsChanged == 0)
    }

    @Test func `what cannot be told apart counts as a change of everything`() throws {
        let all = ["notes", "words", "copies", "parents", "children"]
        #expect(try changed { try store.write { try $0.execute(script: "CREATE TABLE late (a INTEGER) STRICT") } } == all)
        #expect(try changed { try store.whileClosed("it is replaced") {} } == all)
        #expect(try changed { _ = store.closeIfIdle(); try store.ensureOpen() } == [])
    }

    @Test func `a commit that failed may have changed everything`() throws {
        let faults = try DiskFaults(folder: folder.path)
        var configuration = StoreConfiguration(migrations: [Migration(room: "test", number: 1, name: "tables", sql: Self.schema)])
        configuration.options.vfs = DiskFaults.vfs
        let failing = Store(path: folder("b.db"), configuration: configuration, pool: pool)
        try failing.ensureOpen()
        let before = failing.changeStamp(of: TableSet(["words"]))
        faults.fail(.sync, on: "-wal")
        #expect(throws: StorageError.self) { try failing.write { try $0.run(Self.insertNote, "one") } }
        faults.heal()
        #expect(failing.changeStamp(of: TableSet(["words"])) != before)
    }
}
