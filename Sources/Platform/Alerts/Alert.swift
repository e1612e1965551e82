import Core
import Storage

/// Something that is not as it should be, told once until it is over.
package struct Alert: Sendable, Equatable {
    /// What it is about: one condition may hold at many tenants and subjects.
    package struct Key: Hashable, Sendable {
        /// `backup.failed`
        package let condition: String
        package let tenantID: Int64?
        /// A job, an endpoint; empty where there is only one.
        package let subject: String

        package init(_ condition: String, tenant: Int64? = nil, subject: String = "") {
            self.condition = condition
            tenantID = tenant
            self.subject = subject
        }
    }

    package enum Mail: String, Sendable {
        case waiting
        case sent
        /// It was over, and old, before it could leave.
        case none
    }

    package let id: Int64
    package let key: Key
    package let detail: String
    package let raisedAt: Instant
    package let clearedAt: Instant?
    package let clearedBy: String?
    package let mail: Mail
    package let mailAttempts: Int
    package let mailError: String?

    package var value: Value {
        [
            "id": .int(id), "condition": .string(key.condition), "tenant_id": key.tenantID.map { .int($0) } ?? .null,
            "subject": .string(key.subject), "detail": .string(detail), "raised_at": .string(raisedAt.description),
            "cleared_at": clearedAt.map { .string($0.description) } ?? .null, "cleared_by": clearedBy.map { .string($0) } ?? .null,
            "mail": .string(mail.rawValue), "mail_error": mailError.map { .string($0) } ?? .null,
        ]
    }
}

extension SystemStore {
    private static let columns = "id, condition, tenant_id, subject, detail, raised_at, cleared_at, cleared_by, mail, mail_attempts, mail_error"
    private static let selectOpen = SQL("SELECT \(columns) FROM alerts WHERE cleared_at IS NULL AND id < ?1 ORDER BY id DESC LIMIT ?2")
    private static let selectAll = SQL("SELECT \(columns) FROM alerts WHERE id < ?1 ORDER BY id DESC LIMIT ?2")
    private static let selectOne = SQL("SELECT \(columns) FROM alerts WHERE id = ?1")
    private static let selectMail = SQL(
        "SELECT \(columns) FROM alerts WHERE mail = 'waiting' AND mail_next_at <= ?1 ORDER BY mail_next_at, id LIMIT 20")
    private static let selectClearedByHand = SQL("""
        SELECT 1 FROM alerts WHERE condition = ?1 AND subject = ?3 AND cleared_at >= ?4 AND cleared_by IS NOT NULL
          AND tenant_id IS ?2 LIMIT 1
        """)
    private static let insert = SQL("""
        INSERT INTO alerts (condition, tenant_id, subject, detail, raised_at, mail, mail_next_at) VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?5)
          ON CONFLICT DO NOTHING
        """)
    private static let clearOpen = SQL("""
        UPDATE alerts SET cleared_at = ?4 WHERE condition = ?1 AND tenant_id IS ?2 AND subject = ?3 AND cleared_at IS NULL
        """)
    private static let clearByHand = SQL("UPDATE alerts SET cleared_at = ?2, cleared_by = ?3 WHERE id = ?1 AND cleared_at IS NULL")
    private static let setMail = SQL(
        "UPDATE alerts SET mail = ?2, mail_attempts = ?3, mail_next_at = ?4, mail_error = ?5 WHERE id = ?1")
    private static let deleteOld = SQL("DELETE FROM alerts WHERE cleared_at < ?1")

    /// Newest first.
    /// - Parameter onlyOpen: without those that are over.
    package func alerts(before id: Int64 = .max, onlyOpen: Bool, limit: Int) throws -> [Alert] {
        try store.read { db in try db.query(onlyOpen ? Self.selectOpen : Self.selectAll, id, Int64(limit)) { try Self.alert($0) } }
    }

    func alertsToMail(at now: Instant) throws -> [Alert] {
        try store.read { db in try db.query(Self.selectMail, now) { try Self.alert($0) } }
    }

    /// - Parameter evidence: when it happened; nil for a state that lasts. What somebody cleared since is not raised again for it.
    /// - Returns: whether it is new.
    static func raise(_ key: Alert.Key, _ detail: String, evidence: Instant?, at now: Instant, _ db: Connection) throws -> Bool {
        if let evidence,
            try db.first(selectClearedByHand, key.condition, key.tenantID, key.subject, evidence, row: { _ in true }) ?? false
        {
            return false
        }
        try db.run(insert, key.condition, key.tenantID, key.subject, detail, now)
        return db.changes > 0
    }

    /// - Returns: whether it was open.
    static func clear(_ key: Alert.Key, at now: Instant, _ db: Connection) throws -> Bool {
        try db.run(clearOpen, key.condition, key.tenantID, key.subject, now)
        return db.changes > 0
    }

    /// - Throws: 404 `alert.not_found`.
    func clearAlert(_ id: Int64, actor: ActingUser) throws -> Alert {
        try store.write { db in
            guard let before = try db.first(Self.selectOne, id, row: { try Self.alert($0) }) else {
                throw Problem(404, "alert.not_found", "There is no alert \(id): kontor alerts --all lists them.")
            }
            guard before.clearedAt == nil else { return before }
            try db.run(Self.clearByHand, id, actor.at, actor.name)
            try Audit.append(
                db, actor, "alert.cleared", object: ("alert", id), before: ["condition": .string(before.key.condition)], after: .null)
            return try db.first(Self.selectOne, id, row: { try Self.alert($0) }) ?? before
        }
    }

    func noteMail(_ id: Int64, _ mail: Alert.Mail, attempts: Int, nextAt: Instant, error: String?) throws {
        try store.write { db in try db.run(Self.setMail, id, mail.rawValue, Int64(attempts), nextAt, error) }
    }

    func forgetAlerts(clearedBefore limit: Instant) throws {
        try store.write { db in try db.run(Self.deleteOld, limit) }
    }

    private static func alert(_ row: Storage.Row) throws -> Alert {
        Alert(
            id: row.int(0), key: Alert.Key(row.text(1), tenant: row.optionalInt(2), subject: row.text(3)), detail: row.text(4),
            raisedAt: try row.instant(5), clearedAt: try row.optionalInstant(6), clearedBy: row.optionalText(7),
            mail: Alert.Mail(rawValue: row.text(8)) ?? .none, mailAttempts: Int(row.int(9)), mailError: row.optionalText(10))
    }
}
