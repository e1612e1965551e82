import Core
import Scripting
import Storage

/// Takes plugins out of a tenant, inside one transaction. Data stays, out of reach and exportable, until it is purged.
package struct PluginRemoval {
    let db: Connection
    let tenant: Tenant
    let actor: ActingUser
    let clock: any Clock
    private let library: RevisionLibrary
    private let register: PluginRegister

    package init(_ db: Connection, tenant: Tenant, actor: ActingUser, clock: any Clock) {
        self.db = db
        self.tenant = tenant
        self.actor = actor
        self.clock = clock
        library = RevisionLibrary(db)
        register = PluginRegister(db)
    }

    private struct Prepared {
        let package: PluginPackage
        let packageID: Int64
        let contents: RevisionLibrary.Contents
        let after: RevisionLibrary.Contents
        /// Rule files that mean nothing without it.
        let files: [(path: String, version: Int64)]
        let before: Revision
    }

    // MARK: Taking out

    /// What would go and what would stay.
    package func plan(_ name: String) throws -> Value {
        let prepared = try prepare(name)
        var tables: [Value] = []
        for table in prepared.package.recordTypes.flatMap(SchemaMigration.tables) {
            tables.append(["table": .string(table.name), "rows": .int(try db.integer(SQL("SELECT count(*) FROM \(table.name)")))])
        }
        return [
            "name": .string(name), "version": .string(prepared.package.manifest.version), "keeps": .array(tables),
            "routes": .array(
                prepared.package.routes.map { .string("\($0.method.rawValue) \($0.path)") }
                    + prepared.package.recordTypes.flatMap(RecordEndpoints.endpoints).map { .string("\($0.method.rawValue) \($0.path)") }),
            "rules": .array(prepared.files.map { .string($0.path) }),
        ]
    }

    /// - Returns: the revision that the caller publishes after the commit.
    /// - Throws: 404 `plugin.not_installed`; 409 `plugin.needed` naming the plugins that depend on it; what its own
    ///   `uninstall` hook refuses.
    package func uninstall(_ name: String) throws -> Revision {
        let prepared = try prepare(name)
        let scope = RunScope(
            tenant: tenant, revision: prepared.before, principal: .service, database: db, clock: clock, now: actor.at, actor: actor,
            requestID: actor.requestID)
        try HookRun.lifecycle(.uninstall, prepared.package, [], scope)
        try PermissionIncludes.declare([], of: name, db)
        let id = try library.store(
            prepared.after, reason: "Uninstall \(name) \(prepared.package.manifest.version)", authorID: actor.id, author: actor.name,
            now: actor.at)
        let revision = try library.revision(id: id, prepared.after)
        try register.bury(
            name, packageID: prepared.packageID, files: prepared.files,
            tables: prepared.package.recordTypes.flatMap(SchemaMigration.tables).map(\.name), actor)
        try register.record(PluginRegister.Event(plugin: name, action: "uninstalled", formerPackageID: prepared.packageID), actor)
        try Audit.append(
            db, actor, "plugin.uninstalled", object: ("plugin", name),
            before: ["version": .string(prepared.package.manifest.version), "hash": .string(prepared.package.hash)],
            after: ["revision": .int(id)])
        return revision
    }

    private func prepare(_ name: String) throws -> Prepared {
        let (id, contents) = try library.currentContents()
        let before = try library.revision(id: id, contents)
        guard let index = before.plugins.packages.firstIndex(where: { $0.name == name }) else {
            throw Problem(404, "plugin.not_installed", "The plugin \(name) is not installed.")
        }
        let package = before.plugins.packages[index]
        var others = before.plugins.packages
        others.remove(at: index)
        let manifests = others.map(\.manifest)
        let dependants = manifests.filter { manifest in
            manifest.dependencies.contains { $0.name == name }
                || manifest.requires.contains { contract in
                    package.manifest.provides.contains(contract)
                        && !manifests.contains { $0.name != manifest.name && $0.provides.contains(contract) }
                }
        }
        guard dependants.isEmpty else {
            let names = dependants.map(\.name)
            throw Problem(
                409, "plugin.needed", "\(names.joined(separator: ", ")) need\(names.count == 1 ? "s" : "") \(name). Uninstall that first.",
                extra: [("plugins", .array(names.map(Value.string)))])
        }
        var after = contents
        after.packages.remove(at: index)
        let plugins = try library.plugins(after.packages)
        var files: [(path: String, version: Int64)] = []
        for (path, version) in contents.files where !isAtHome(path, version, plugins, without: name) { files.append((path, version)) }
        after.files.removeAll { file in files.contains { $0.path == file.path } }
        return Prepared(
            package: package, packageID: contents.packages[index], contents: contents, after: after, files: files, before: before)
    }

    /// Whether a rule file still means something once the plugin is gone.
    private func isAtHome(_ path: String, _ version: Int64, _ plugins: InstalledPlugins, without name: String) -> Bool {
        guard let content = try? library.content(path, version: version, plugins) else { return false }
        if let schedule = content.schedule { return !schedule.job.hasPrefix("\(name).") }
        if content.template != nil { return !content.key.hasPrefix("\(name).") }
        return true
    }

    // MARK: What was left behind

    package func removed() throws -> [Value] {
        try register.removed().map { removed in
            let tables = try tables(of: removed).map { table -> Value in
                ["table": .string(table), "rows": .int(try db.integer(SQL("SELECT count(*) FROM \(table)")))]
            }
            return [
                "name": .string(removed.plugin), "version": try library.packageVersion(removed.packageID).map(Value.string) ?? .null,
                "removed_at": .string(removed.removedAt), "keeps": .array(tables),
            ]
        }
    }

    private func tables(of removed: PluginRegister.Removed) throws -> [String] {
        let there = try RecordSchema(db, tables: removed.tables).tables
        return removed.tables.filter { there[$0] != nil }
    }

    /// - Throws: 404 `plugin.not_removed`.
    @discardableResult
    func requireRemoved(_ name: String) throws -> PluginRegister.Removed {
        guard let removed = try register.removed(name) else {
            throw Problem(404, "plugin.not_removed", "There is no data of an uninstalled plugin \(name) here.")
        }
        return removed
    }

    /// All rows that an uninstalled plugin left, as lines of JSON: `{"table": …, "row": {…}}`, as they are stored.
    package func export(_ name: String, _ put: ([UInt8]) throws -> Void) throws {
        for table in try tables(of: requireRemoved(name)) {
            try db.each(SQL("SELECT * FROM \(table)")) { row in
                try put(JSON.serialize(["table": .string(table), "row": .object(row.object)]) + [10])
                return true
            }
        }
        try exportFiles(of: requireRemoved(name), put)
    }

    /// The files to which those rows refer: `{"file": {…}, "base64": …}`.
    private func exportFiles(of removed: PluginRegister.Removed, _ put: ([UInt8]) throws -> Void) throws {
        let tables = try self.tables(of: removed)
        let references = try StoredFiles.references(db).filter { tables.contains($0.table) }
        let files = StoredFiles(db)
        var seen: Set<Int64> = []
        for reference in references {
            let ids = SQL("SELECT DISTINCT \"\(reference.column)\" FROM \"\(reference.table)\" WHERE \"\(reference.column)\" IS NOT NULL ORDER BY 1")
            for id in try db.query(ids, row: { $0.int(0) }) where seen.insert(id).inserted {
                guard let file = try files.find(id) else { continue }
                try put(JSON.serialize(["file": file.value, "base64": .string(Base64.encode(try files.bytes(of: file)))]) + [10])
            }
        }
    }

    /// Removes what an uninstalled plugin left: its tables, settings, secrets and the memory of its migrations. Its entries, numbers and
    /// audit rows are the business's and stay.
    /// - Throws: 404 `plugin.not_removed`; 409 `plugin.data_needed` where rows of others refer to it.
    package func purge(_ name: String) throws {
        let removed = try requireRemoved(name)
        let tables = try tables(of: removed)
        for table in tables {
            if let other = try RecordSchema.referrers(of: table, db).first(where: { !tables.contains($0) }) {
                throw Problem(409, "plugin.data_needed", "Rows of \(other) may refer to \(table): purge or migrate that first.")
            }
        }
        try db.withoutForeignKeys(checking: []) {
            for table in tables.reversed() { try db.execute(script: "DROP TABLE \(table)") }
        }
        try db.run(Self.deleteSettings, "\(name).", "\(name)/")
        Settings.noteChange(db)
        try db.run(Self.deleteSecrets, "\(name).", "\(name)/")
        try register.exhume(name)
        try register.forgetMigrations(of: name, above: 0)
        try register.record(PluginRegister.Event(plugin: name, action: "purged", formerPackageID: removed.packageID), actor)
        try Audit.append(
            db, actor, "plugin.purged", object: ("plugin", name), before: ["tables": .array(tables.map(Value.string))])
    }

    // Keys begin with the plugin's name and a dot; "/" is the character after it.
    private static let deleteSecrets = SQL("DELETE FROM platform_secrets WHERE name >= ?1 AND name < ?2")
    private static let deleteSettings = SQL("DELETE FROM platform_settings WHERE key >= ?1 AND key < ?2")
}

extension RevisionLibrary {
    private static let selectPackageVersion = SQL("SELECT version FROM platform_packages WHERE id = ?1")

    func packageVersion(_ id: Int64) throws -> String? { try db.text(Self.selectPackageVersion, id) }
}
