import Core
import Storage

/// One time that a tenant's database was brought into shape.
package struct MaintenanceRun: Sendable {
    package enum Result: String, Sendable {
        case done
        /// Something was left for the next time, because somebody needed the database.
        case partly
        case failed
    }

    package var id: Int64 = 0
    package let tenantID: Int64
    package let startedAt: Instant
    package var finishedAt: Instant
    package var result = Result.done
    package let actor: String
    package var bytesBefore: Int64 = 0
    package var bytesAfter: Int64 = 0
    package var freeBytesBefore: Int64 = 0
    package var freeBytesAfter: Int64 = 0
    package var indexesRebuilt: Int64 = 0
    package var tablesAnalysed: Int64 = 0
    package var isCompacted = false
    /// What was left, or what went wrong.
    package var detail = ""

    package init(tenantID: Int64, actor: ActingUser) {
        self.tenantID = tenantID
        self.actor = actor.name
        startedAt = actor.at
        finishedAt = actor.at
    }

    package var value: Value {
        [
            "id": .int(id), "tenant_id": .int(tenantID), "started_at": .string(startedAt.description),
            "finished_at": .string(finishedAt.description), "result": .string(result.rawValue), "by": .string(actor),
            "bytes_before": .int(bytesBefore), "bytes_after": .int(bytesAfter), "free_bytes_before": .int(freeBytesBefore),
            "free_bytes_after": .int(freeBytesAfter), "indexes_rebuilt": .int(indexesRebuilt), "tables_analysed": .int(tablesAnalysed),
            "compacted": .bool(isCompacted), "detail": .string(detail),
        ]
    }

    /// Of `value`.
    package static let schema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true), .init("tenant_id", .integer(minimum: 1), required: true),
        .init("started_at", .instant, required: true), .init("finished_at", .instant, required: true),
        .init("result", .string(allowed: ["done", "partly", "failed"]), required: true, "Partly: somebody needed the database meanwhile."),
        .init("by", .string(), required: true), .init("bytes_before", .integer(minimum: 0), required: true),
        .init("bytes_after", .integer(minimum: 0), required: true), .init("free_bytes_before", .integer(minimum: 0), required: true),
        .init("free_bytes_after", .integer(minimum: 0), required: true), .init("indexes_rebuilt", .integer(minimum: 0), required: true),
        .init("tables_analysed", .integer(minimum: 0), required: true), .init("compacted", .boolean, required: true),
        .init("detail", .string(), required: true, "What was left, or what went wrong.", example: ""),
    ])
}

extension SystemStore {
    private static let insertRun = SQL("""
        INSERT INTO maintenance_runs (tenant_id, started_at, finished_at, result, actor, bytes_before, bytes_after, free_bytes_before,
          free_bytes_after, indexes_rebuilt, tables_analysed, is_compacted, detail)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        """)
    private static let selectRuns = SQL("""
        SELECT id, tenant_id, started_at, finished_at, result, actor, bytes_before, bytes_after, free_bytes_before, free_bytes_after,
          indexes_rebuilt, tables_analysed, is_compacted, detail
        FROM maintenance_runs WHERE id < ?1 AND (?2 IS NULL OR tenant_id = ?2) ORDER BY id DESC LIMIT ?3
        """)
    private static let selectNewest = SQL("SELECT tenant_id, max(started_at) FROM maintenance_runs GROUP BY tenant_id")
    /// Of each tenant the last hundred.
    private static let deleteOld = SQL("""
        DELETE FROM maintenance_runs WHERE tenant_id = ?1 AND id <= (
          SELECT id FROM maintenance_runs WHERE tenant_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET 100)
        """)

    package func record(_ run: MaintenanceRun) throws -> MaintenanceRun {
        try store.write { db in
            try db.run(Self.insertRun, values: [
                run.tenantID, run.startedAt, run.finishedAt, run.result.rawValue, run.actor, run.bytesBefore, run.bytesAfter,
                run.freeBytesBefore, run.freeBytesAfter, run.indexesRebuilt, run.tablesAnalysed, run.isCompacted, run.detail,
            ])
            var stored = run
            stored.id = db.lastInsertRowID
            try db.run(Self.deleteOld, run.tenantID)
            return stored
        }
    }

    /// Newest first.
    package func maintenanceRuns(before id: Int64 = .max, tenant: Int64?, limit: Int) throws -> [MaintenanceRun] {
        try store.read { db in
            try db.query(Self.selectRuns, id, tenant, Int64(limit)) { row in
                var run = MaintenanceRun(tenantID: row.int(1), actor: ActingUser(id: 0, name: row.text(5), at: try row.instant(2)))
                run.id = row.int(0)
                run.finishedAt = try row.instant(3)
                run.result = MaintenanceRun.Result(rawValue: row.text(4)) ?? .failed
                (run.bytesBefore, run.bytesAfter, run.freeBytesBefore, run.freeBytesAfter) = (row.int(6), row.int(7), row.int(8), row.int(9))
                (run.indexesRebuilt, run.tablesAnalysed, run.isCompacted, run.detail) = (row.int(10), row.int(11), row.bool(12), row.text(13))
                return run
            }
        }
    }

    /// When each tenant's was begun last.
    package func newestMaintenance() throws -> [Int64: Instant] {
        try store.read { db in
            Dictionary(try db.query(Self.selectNewest) { ($0.int(0), try $0.instant(1)) }, uniquingKeysWith: { first, _ in first })
        }
    }
}
