import Core
import Storage

/// Where the chain stands: the last entry, the last event, and which of them came last.
struct Head: Equatable {
    var entry: Int64 = 0
    var entryDigest: [UInt8] = []
    var event: Int64 = 0
    var eventAfter: Int64 = 0
    var eventDigest: [UInt8] = []
    /// Of the later of the two; nothing is recorded earlier than what is there.
    var recordedAt = ""

    /// The digest that the next leaf builds on; nil in a book in which nothing has happened.
    var digest: [UInt8]? {
        if event > 0, eventAfter == entry { return eventDigest }
        return entry > 0 ? entryDigest : nil
    }

    private static let lastEntry = SQL("SELECT id, digest, recorded_at FROM ledger_entries ORDER BY id DESC LIMIT 1")
    private static let lastEvent = SQL(
        "SELECT id, digest, recorded_at, after_entry_id FROM ledger_events ORDER BY id DESC LIMIT 1")
    private static let book = SQL("SELECT book FROM ledger_books")

    static func read(_ db: Connection) throws(StorageError) -> Head {
        var head = Head()
        let entry = try db.statement(lastEntry)
        if try entry.step() {
            head.entry = entry.int64(0)
            head.entryDigest = entry.bytes(1)
            head.recordedAt = entry.text(2)
            entry.reset()
        }
        let event = try db.statement(lastEvent)
        if try event.step() {
            head.event = event.int64(0)
            head.eventDigest = event.bytes(1)
            head.recordedAt = max(head.recordedAt, event.text(2))
            head.eventAfter = event.int64(3)
            event.reset()
        }
        return head
    }

    /// Whether the rows still say so: two look-ups and no copies.
    func isCurrent(_ db: Connection) throws(StorageError) -> Bool {
        guard try Self.matches(db, Self.lastEntry, entry, entryDigest) else { return false }
        return try Self.matches(db, Self.lastEvent, event, eventDigest)
    }

    private static func matches(_ db: Connection, _ sql: SQL, _ id: Int64, _ digest: [UInt8]) throws(StorageError) -> Bool {
        let statement = try db.statement(sql)
        guard try statement.step() else { return id == 0 }
        defer { statement.reset() }
        if statement.int64(0) != id { return false }
        return statement.withText(1) { $0.elementsEqual(digest) }
    }

    /// What the next leaf builds on.
    func previous(_ db: Connection) throws -> [UInt8] {
        if let digest { return digest }
        return try Leaf.genesis(book: Self.bookID(db))
    }

    static func bookID(_ db: Connection) throws -> [UInt8] {
        guard let id = try db.first(book, row: { $0.bytes(0) }) else { throw LedgerError.damaged("ledger_books is empty") }
        return id
    }
}
