import Core
import Storage

/// A restore that was done to see whether it can be, and how fast.
package struct RecoveryDrill: Sendable, Equatable {
    package let id: Int64
    package let tenantID: Int64
    package let domain: String
    package let startedAt: String
    /// What was restored is sound and within the objectives.
    package let ok: Bool
    package let bytes: Int64
    /// A decimal.
    package let recoverySeconds: String
    package let lossSeconds: Int64
    /// JSON: the steps and figures.
    package let report: String

    package var value: Value {
        [
            "id": .int(id), "tenant_id": .int(tenantID), "domain": .string(domain), "started_at": .string(startedAt), "ok": .bool(ok),
            "bytes": .int(bytes), "recovery_seconds": .string(recoverySeconds), "loss_seconds": .int(lossSeconds),
            "report": (try? JSON.parse(report)) ?? .null,
        ]
    }
}

extension SystemStore {
    private static let drillColumns = "id, tenant_id, domain, started_at, ok, bytes, recovery_seconds, loss_seconds, report"
    private static let insertDrill = SQL(
        """
        INSERT INTO recovery_drills (tenant_id, domain, started_at, ok, bytes, recovery_seconds, loss_seconds, report)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """)
    private static let selectDrill = SQL("SELECT \(drillColumns) FROM recovery_drills WHERE id = ?1")
    private static let selectDrills = SQL("SELECT \(drillColumns) FROM recovery_drills WHERE id < ?1 ORDER BY id DESC LIMIT ?2")

    package func recordDrill(
        tenantID: Int64, domain: String, ok: Bool, bytes: Int64, recoverySeconds: String, lossSeconds: Int64, report: Value, actor: ActingUser
    ) throws -> RecoveryDrill {
        let text = String(decoding: JSON.serialize(report), as: UTF8.self)
        return try store.write { db in
            try db.run(Self.insertDrill, tenantID, domain, actor.at, ok, bytes, recoverySeconds, lossSeconds, text)
            let id = db.lastInsertRowID
            try Audit.append(
                db, actor, "backup.drilled", object: ("tenant", tenantID),
                after: ["drill_id": .int(id), "ok": .bool(ok), "recovery_seconds": .string(recoverySeconds), "loss_seconds": .int(lossSeconds)])
            guard let drill = try db.first(Self.selectDrill, id, row: { Self.readDrill($0) }) else { throw StorageError.misuse("no row") }
            return drill
        }
    }

    package func noteMigrationUndone(_ tenantID: Int64, copy: String, actor: ActingUser, reason: String) throws {
        _ = try store.write { db in
            try Audit.append(db, actor, "tenant.migration_undone", object: ("tenant", tenantID), after: ["copy": .string(copy)], reason: reason)
        }
    }

    /// Newest first, those before the row `before`.
    package func drills(before: Int64 = .max, limit: Int) throws -> [RecoveryDrill] {
        try store.read { db in try db.query(Self.selectDrills, before, Int64(limit)) { Self.readDrill($0) } }
    }

    private static func readDrill(_ row: Storage.Row) -> RecoveryDrill {
        RecoveryDrill(
            id: row.int(0), tenantID: row.int(1), domain: row.text(2), startedAt: row.text(3), ok: row.bool(4), bytes: row.int(5),
            recoverySeconds: row.text(6), lossSeconds: row.int(7), report: row.text(8))
    }
}
