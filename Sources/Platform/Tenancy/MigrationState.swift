import Core
import Storage

/// Which steps a tenant's schema has taken, which it has yet to take, and the way back.
package struct MigrationState: Sendable {
    package struct Pending: Sendable, Equatable {
        package let room: String
        package let number: Int
        package let name: String
    }

    package let applied: [Migrations.Applied]
    package let pending: [Pending]
    /// Steps that were changed after they were applied, or that a newer program took: what keeps the database from being opened.
    package let fault: String?
    /// Name and version of each plugin, whose tables follow their declarations.
    package let plugins: [(name: String, version: String)]
    /// The copy that was kept before the last steps were taken.
    package let copy: String?

    package var value: Value {
        [
            "applied": .array(
                applied.map {
                    [
                        "room": .string($0.room), "number": .int(Int64($0.number)), "name": .string($0.name), "checksum": .string($0.checksum),
                        "applied_at": .string($0.appliedAt),
                    ]
                }),
            "pending": .array(pending.map { ["room": .string($0.room), "number": .int(Int64($0.number)), "name": .string($0.name)] }),
            "plugins": .array(plugins.map { ["name": .string($0.name), "version": .string($0.version)] }),
            "fault": fault.map { .string($0) } ?? .null, "copy_before": copy.map { .string($0) } ?? .null,
        ]
    }
}

extension Instance {
    private static let copyMark = ".before-migration-"

    /// How a tenant's schema stands. One whose database is closed is not opened for it, which would bring it up to date.
    package func migrationState(of tenant: Tenant) throws -> MigrationState {
        if tenant.store.isOpen { return try tenant.store.readAlone { db in try migrationState(db) } }
        let db = try Connection(path: tenant.store.path, mode: .reader)
        defer { db.close() }
        return try migrationState(db)
    }

    private func migrationState(_ db: Connection) throws -> MigrationState {
        let applied = try Migrations.applied(in: db)
        var pending: [MigrationState.Pending] = []
        var fault: String?
        do {
            pending = try Migrations.pending(configuration.tenantMigrations, in: db).map { .init(room: $0.room, number: $0.number, name: $0.name) }
        } catch let error as StorageError {
            fault = error.problem.detail
        }
        var plugins: [(String, String)] = []
        if pending.isEmpty, fault == nil {
            plugins = try RevisionLibrary(db).current().plugins.packages.map { ($0.name, $0.manifest.version) }
        }
        return MigrationState(applied: applied, pending: pending, fault: fault, plugins: plugins, copy: try copyBeforeMigration(db.path))
    }

    private func copyBeforeMigration(_ path: String) throws -> String? {
        let folder = Files.parent(path)
        return try Files.list(folder).filter { $0.contains(Self.copyMark) && !$0.hasSuffix(".tmp") }.sorted().last.map { "\(folder)/\($0)" }
    }

    /// Undoes the last steps of a tenant's schema by putting back the copy that was kept before them: there are no steps down. What
    /// was written since is in the file that is kept beside, and nowhere else.
    ///
    /// The database is left closed: this program would take the steps again as soon as it is opened.
    /// - Returns: where the former file is, and the rows of each table before and after.
    /// - Throws: 409 `migrate.served` where this process serves, 404 `migrate.no_copy`, `.unsound`.
    package func undoMigration(of tenant: Tenant) throws -> (former: String?, copy: String, before: [String: Int64], after: [String: Int64]) {
        guard !scheduler.isRunning else {
            throw Problem(
                409, "migrate.served",
                "A server that runs would take the steps again at the next request. Stop it, run kontor migrate down, and start the program of before.")
        }
        guard let copy = try copyBeforeMigration(tenant.store.path) else {
            throw Problem(
                404, "migrate.no_copy",
                "No copy was kept before a migration of \(tenant.domain): its schema is as it was made. kontor restore puts back a backup of before.")
        }
        let before = (try? rows(in: tenant.store.path)) ?? [:]
        let after = try rows(in: copy)
        let former = try Restore.restore(copy, into: tenant.store, at: clock.now())
        tenant.rest()
        return (former, copy, before, after)
    }

    private static let selectTables = SQL("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")

    private func rows(in path: String) throws -> [String: Int64] {
        let db = try Connection(path: path, mode: .reader)
        defer { db.close() }
        var rows: [String: Int64] = [:]
        for table in try db.query(Self.selectTables, row: { $0.text(0) }) { rows[table] = try db.integer(SQL("SELECT count(*) FROM \"\(table)\"")) }
        return rows
    }
}
