import Core
import Storage

/// A copy of a tenant to try things on: the schema, the kernel's own small tables whole, the newest 10,000 rows of the others.
///
/// What waits to run or to leave does not come along, nor do secrets: nothing that is tried may do in the business's name what
/// the business is about to do itself.
package enum TestCopy {
    static let rows = 10_000

    static func with<Result>(_ tenant: Tenant, _ instance: Instance, _ body: (Connection) throws -> Result) throws -> Result {
        let folder = "\(instance.folder(ofTenant: tenant.id))/.trial-\(Random.reference())"
        try Files.createDirectory(folder, mode: 0o700)
        defer { try? Files.removeTree(folder) }
        let db = try make(of: tenant, to: "\(folder)/tenant.db")
        defer { db.close() }
        return try db.transaction { try body(db) }
    }

    /// - Parameter isWhole: with all rows of what belongs to plugins and the book.
    package static func make(of tenant: Tenant, to path: String, isWhole: Bool = false) throws -> Connection {
        guard isWhole else { return try Backup.sample(of: tenant.store, to: path, rows: rows, whole: isKernels, empty: isLeftOut) }
        let db = try Backup.whole(of: tenant.store, to: path)
        do {
            try db.transaction { for table in waiting { try db.execute(script: "DELETE FROM \(table)") } }
        } catch {
            db.close()
            throw error
        }
        return db
    }

    /// In an order in which they can be emptied.
    private static let waiting = [
        "platform_job_runs", "platform_jobs", "platform_schedules", "platform_events", "platform_outbox", "platform_secrets",
        "platform_plugin_drafts",
    ]

    /// What waits, and what is in files: tests make their own.
    private static func isLeftOut(_ table: String) -> Bool { waiting.contains(table) || table == "platform_file_contents" }

    /// What the kernel itself needs to run, all of it.
    private static func isKernels(_ table: String) -> Bool {
        if table.hasPrefix("platform_") { return !["platform_audit", "platform_refusals", "platform_idempotency"].contains(table) }
        return ["ledger_books", "ledger_accounts", "ledger_balances", "ledger_periods", "ledger_series", "ledger_series_segments"].contains(table)
    }
}
