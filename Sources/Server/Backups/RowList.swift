import Core
import Platform
import Storage

/// The last row of each of the two tables to which everything that happens adds.
struct RowHeads: Equatable {
    var entry: Int64 = 0
    var audit: Int64 = 0

    private static let lastEntry = SQL("SELECT coalesce(max(id), 0) FROM ledger_entries")
    private static let lastAudit = SQL("SELECT coalesce(max(id), 0) FROM platform_audit")

    init() {}

    init(_ db: Connection) throws {
        entry = try db.integer(Self.lastEntry)
        audit = try db.integer(Self.lastAudit)
    }

    init(file path: String) throws {
        let db = try Connection(path: path, mode: .reader)
        defer { db.close() }
        try self.init(db)
    }
}

/// Entries and audit rows of a file that are newer than some others, as far as they can be read.
package struct RowList: Sendable {
    private static let most: Int64 = 200
    private static let entries = SQL(
        "SELECT id, recorded_at, kind, source_type, source_id, actor FROM ledger_entries WHERE id > ?1 ORDER BY id LIMIT ?2")
    private static let audits = SQL(
        "SELECT id, at, action, object_type, object_id, actor FROM platform_audit WHERE id > ?1 ORDER BY id LIMIT ?2")
    private static let countEntries = SQL("SELECT count(*) FROM ledger_entries WHERE id > ?1")
    private static let countAudits = SQL("SELECT count(*) FROM platform_audit WHERE id > ?1")

    /// All of them.
    package private(set) var count: Int64 = 0
    /// The first of them.
    package private(set) var items: [Value] = []
    package private(set) var reason = ""
    /// What kept the rest from being read.
    package private(set) var fault: String?

    init() {}

    init(file path: String, after heads: RowHeads, reason: String) {
        self.reason = reason
        do {
            let db = try Connection(path: path, mode: .reader)
            defer { db.close() }
            count += try db.integer(Self.countEntries, heads.entry)
            count += try db.integer(Self.countAudits, heads.audit)
            try db.each(Self.entries, heads.entry, Self.most) { row in
                items.append([
                    "kind": "entry", "id": .int(row.int(0)), "at": .string(row.text(1)), "what": .string(row.text(2)),
                    "object": .string([row.optionalText(3), row.optionalInt(4).map { String($0) }].compactMap(\.self).joined(separator: " ")),
                    "by": .string(row.text(5)),
                ])
                return true
            }
            try db.each(Self.audits, heads.audit, Self.most) { row in
                items.append([
                    "kind": "audit", "id": .int(row.int(0)), "at": .string(row.text(1)), "what": .string(row.text(2)),
                    "object": .string("\(row.text(3)) \(row.text(4))"), "by": .string(row.text(5)),
                ])
                return true
            }
        } catch {
            fault = BackupService.text(error)
        }
    }

    package var value: Value {
        [
            "count": .int(count), "reason": .string(count == 0 && fault == nil ? "" : reason), "items": .array(items),
            "fault": fault.map { .string($0) } ?? .null,
        ]
    }

    static let schema: Schema = .object([
        .init("count", .integer(minimum: 0), required: true), .init("reason", .string(), required: true, example: ""),
        .init("items", .array(.map(.any)), required: true, "The first 200 of each kind: kind, id, at, what, object, by.", example: []),
        .init("fault", .nullable(.string()), required: true, "What kept the rest from being read.", example: .null),
    ])
}
