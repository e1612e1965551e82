import Core
import Storage

/// The rows of ledger_entries, ledger_lines and ledger_memos.
enum EntryRows {
    private static let insertEntry = SQL(
        """
        INSERT INTO ledger_entries (id, kind, effective_on, recorded_at, source_type, source_id, actor_id, actor,
          rules_version, reverses_id, corrects_id, hold_id, exception_id, idempotency_key, memo_digest, digest)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
        """)

    static func insert(_ entry: EntryRecord, digest: [UInt8], _ db: Connection) throws(StorageError) {
        let insert = try db.statement(insertEntry)
        insert.bind(1, entry.id)
        insert.bind(2, entry.kind)
        insert.bind(3, entry.effectiveOn)
        insert.bind(4, entry.recordedAt)
        insert.bind(5, entry.sourceType)
        insert.bind(6, entry.sourceID)
        insert.bind(7, entry.actorID)
        insert.bind(8, entry.actor)
        insert.bind(9, entry.rulesVersion)
        insert.bind(10, entry.reverses)
        insert.bind(11, entry.corrects)
        insert.bind(12, entry.hold)
        insert.bind(13, entry.exception)
        insert.bind(14, entry.idempotencyKey)
        insert.bind(15, entry.memoDigest)
        insert.bind(16, digest)
        try insert.run()
    }

    private static let insertLine = SQL(
        """
        INSERT INTO ledger_lines
          (entry_id, line_number, account_id, effective_on, debit_minor, credit_minor, branch_id, dimensions)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """)

    static func insert(_ lines: [LineRecord], entry: Int64, on date: String, _ db: Connection) throws(StorageError) {
        let insert = try db.statement(insertLine)
        insert.bind(1, entry)
        insert.bind(4, date)
        for (index, line) in lines.enumerated() {
            insert.bind(2, Int64(index + 1))
            insert.bind(3, line.account)
            insert.bind(5, line.debit)
            insert.bind(6, line.credit)
            insert.bind(7, line.branch)
            insert.bind(8, line.dimensions)
            try insert.run()
        }
    }

    private static let insertMemo = SQL("INSERT INTO ledger_memos (entry_id, salt, memo) VALUES (?1, ?2, ?3)")

    static func insert(memo: String, salt: [UInt8], entry: Int64, _ db: Connection) throws(StorageError) {
        let insert = try db.statement(insertMemo)
        insert.bind(1, entry)
        insert.bind(2, salt)
        insert.bind(3, memo)
        try insert.run()
    }

    // MARK: Reading

    /// Then the digest, the memo and its salt, from 15 on.
    static let columns = """
        e.id, e.kind, e.effective_on, e.recorded_at, e.source_type, e.source_id, e.actor_id, e.actor, e.rules_version, \
        e.reverses_id, e.corrects_id, e.hold_id, e.exception_id, e.idempotency_key, e.memo_digest, e.digest, m.memo, m.salt
        """
    static let joined = "FROM ledger_entries e LEFT JOIN ledger_memos m ON m.entry_id = e.id"
    private static let selectByID = SQL("SELECT \(columns) \(joined) WHERE e.id = ?1")
    private static let selectByKey = SQL("SELECT \(columns) \(joined) WHERE e.idempotency_key = ?1")

    static func record(_ row: Row) -> EntryRecord {
        EntryRecord(
            id: row.int(0), kind: row.text(1), effectiveOn: row.text(2), recordedAt: row.text(3),
            sourceType: row.optionalText(4), sourceID: row.optionalInt(5), actorID: row.int(6), actor: row.text(7),
            rulesVersion: row.optionalText(8), reverses: row.optionalInt(9), corrects: row.optionalInt(10),
            hold: row.optionalInt(11), exception: row.optionalInt(12), idempotencyKey: row.optionalText(13),
            memoDigest: row.optionalBytes(14))
    }

    /// An entry row beside its digest and memo.
    struct Stored {
        let record: EntryRecord
        let digest: [UInt8]
        let memo: String?
        /// Empty without a memo.
        let memoSalt: [UInt8]

        init(_ row: Row) {
            record = EntryRows.record(row)
            digest = row.bytes(15)
            memo = row.optionalText(16)
            memoSalt = memo == nil ? [] : row.bytes(17)
        }
    }

    static func find(id: Int64, _ db: Connection) throws -> Stored? { try db.first(selectByID, id) { Stored($0) } }
    static func find(key: String, _ db: Connection) throws -> Stored? { try db.first(selectByKey, key) { Stored($0) } }

    private static let selectLines = SQL(
        """
        SELECT account_id, debit_minor, credit_minor, branch_id, dimensions FROM ledger_lines
        WHERE entry_id = ?1 ORDER BY line_number
        """)

    static func lines(of entry: Int64, _ db: Connection) throws -> [LineRecord] {
        try db.query(selectLines, entry) { row in
            LineRecord(
                account: row.int(0), debit: row.int(1), credit: row.int(2), branch: row.optionalInt(3),
                dimensions: row.optionalText(4))
        }
    }

    // MARK: Looking up what an entry refers to

    private static let selectDate = SQL("SELECT effective_on FROM ledger_entries WHERE id = ?1")
    private static let selectReversal = SQL("SELECT id FROM ledger_entries WHERE reverses_id = ?1")
    /// An entry stands if it was not reversed, or its reversal was, and so on.
    private static let selectOfSource = SQL(
        """
        WITH RECURSIVE chain (origin, id, depth) AS (
          SELECT id, id, 0 FROM ledger_entries WHERE source_type = ?1 AND source_id = ?2 AND kind = ?3
          UNION ALL
          SELECT chain.origin, r.id, chain.depth + 1 FROM chain JOIN ledger_entries r ON r.reverses_id = chain.id
        )
        SELECT origin FROM chain GROUP BY origin HAVING max(depth) % 2 = 0 ORDER BY origin LIMIT 1
        """)

    static func effectiveOn(_ entry: Int64, _ db: Connection) throws -> CalendarDate? {
        try db.first(selectDate, entry) { try $0.date(0) }
    }

    static func reversal(of entry: Int64, _ db: Connection) throws -> Int64? {
        try db.first(selectReversal, entry) { $0.int(0) }
    }

    static func standing(source: EntrySource, kind: String, _ db: Connection) throws -> Int64? {
        try db.first(selectOfSource, source.type, source.id, kind) { $0.int(0) }
    }
}
