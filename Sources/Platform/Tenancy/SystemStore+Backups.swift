import Core
import Storage

/// A copy of a database, as the catalogue has it.
package struct BackupRecord: Sendable, Equatable {
    package let id: Int64
    /// nil for `system.db`.
    package let tenantID: Int64?
    /// Which rhythm made it: `hourly`, `daily`, `manual`.
    package let tier: String
    package let path: String
    /// `local`, or `second`.
    package let place: String
    package let size: Int64
    /// Lower-case hex.
    package let sha256: String
    package let createdAt: String
    package let verifiedAt: String?
    /// Nothing that was written later is in it.
    package let snapshotAt: String?

    package var value: Value {
        [
            "id": .int(id), "tenant_id": tenantID.map { .int($0) } ?? .null, "tier": .string(tier), "path": .string(path),
            "place": .string(place), "size": .int(size), "sha256": .string(sha256), "created_at": .string(createdAt),
            "verified_at": verifiedAt.map { .string($0) } ?? .null,
        ]
    }
}

extension SystemStore {
    private static let columns = "id, tenant_id, tier, path, place, size, sha256, created_at, verified_at, snapshot_at"
    private static let insertBackup = SQL(
        """
        INSERT INTO backups (tenant_id, tier, path, place, size, sha256, created_at, verified_at, snapshot_at)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """)
    private static let selectBackup = SQL("SELECT \(columns) FROM backups WHERE id = ?1")
    private static let selectBackups = SQL(
        "SELECT \(columns) FROM backups WHERE id > ?1 AND (?2 IS NULL OR tenant_id = ?2) ORDER BY id LIMIT ?3")
    /// The row of the greatest time of each group.
    private static let selectNewest = SQL(
        """
        SELECT \(columns), max(created_at) FROM backups WHERE tenant_id IS ?1 AND verified_at IS NOT NULL GROUP BY place, tier
        """)
    private static let verifyBackup = SQL("UPDATE backups SET verified_at = ?2 WHERE id = ?1")
    private static let deleteBackup = SQL("DELETE FROM backups WHERE id = ?1")

    package func recordBackup(
        tenantID: Int64?, tier: String, path: String, place: String = "local", size: Int64, sha256: String,
        verifiedAt: Instant?, snapshotAt: String? = nil, actor: ActingUser
    ) throws -> BackupRecord {
        try store.write { db in
            try db.run(Self.insertBackup, tenantID, tier, path, place, size, sha256, actor.at, verifiedAt, snapshotAt)
            return try Self.backup(db, db.lastInsertRowID)
        }
    }

    /// - Throws: 404 `backup.not_found`.
    package func backup(_ id: Int64) throws -> BackupRecord {
        try store.read { db in try Self.backup(db, id) }
    }

    package func backups(after: Int64 = 0, tenantID: Int64? = nil, limit: Int) throws -> [BackupRecord] {
        try store.read { db in try db.query(Self.selectBackups, after, tenantID, Int64(limit)) { Self.read($0) } }
    }

    /// The newest verified copies of a tenant's database, or of `system.db`: one of each tier at each place.
    package func newestBackups(tenantID: Int64?) throws -> [BackupRecord] {
        try store.read { db in try db.query(Self.selectNewest, tenantID) { Self.read($0) } }
    }

    package func markBackupVerified(_ id: Int64, at: Instant) throws {
        try store.write { db in try db.run(Self.verifyBackup, id, at) }
    }

    /// Takes a backup out of the catalogue; its file is the caller's.
    package func forgetBackup(_ id: Int64) throws {
        try store.write { db in try db.run(Self.deleteBackup, id) }
    }

    private static func backup(_ db: Connection, _ id: Int64) throws -> BackupRecord {
        guard let found = try db.first(selectBackup, id, row: { read($0) }) else {
            throw Problem(404, "backup.not_found", "There is no backup \(id).")
        }
        return found
    }

    private static func read(_ row: Storage.Row) -> BackupRecord {
        BackupRecord(
            id: row.int(0), tenantID: row.optionalInt(1), tier: row.text(2), path: row.text(3), place: row.text(4),
            size: row.int(5), sha256: row.text(6), createdAt: row.text(7), verifiedAt: row.optionalText(8),
            snapshotAt: row.optionalText(9))
    }
}
