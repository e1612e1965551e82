import Core
import Ledger
import Scripting
import Storage

/// Puts a plugin into a tenant, inside one transaction: tables, series, roles, rule files and a new revision, or nothing.
package struct PluginInstallation {
    let db: Connection
    let tenant: Tenant
    let actor: ActingUser
    let clock: any Clock
    let library: RevisionLibrary

    package init(_ db: Connection, tenant: Tenant, actor: ActingUser, clock: any Clock) {
        self.db = db
        self.tenant = tenant
        self.actor = actor
        self.clock = clock
        library = RevisionLibrary(db)
    }

    /// Installs a plugin, or upgrades the one of the same name.
    ///
    /// - Parameters:
    ///   - files: the plugin's files by their path in its folder.
    ///   - shippedRules: rule files by path; those whose contract is known with the plugin become version 1 where the tenant
    ///     has none of that path yet.
    /// - Returns: the revision that the caller publishes after the commit.
    package func install(files: [String: [UInt8]], shippedRules: [String: [UInt8]]) throws -> Revision {
        var (id, contents) = try library.currentContents()
        let before = try library.revision(id: id, contents)
        let package = try PluginPackage(files: files, dependencies: before.plugins.packages)
        let older = before.plugins.package(package.name)
        if older?.hash == package.hash { return before }
        let packageID = try library.keep(package, files: files, userID: actor.id, now: actor.at)
        if let older, let index = before.plugins.packages.firstIndex(where: { $0.name == older.name }) {
            contents.packages[index] = packageID
        } else {
            contents.packages.append(packageID)
        }
        let plugins = try library.plugins(contents.packages)
        try makeTables(package, older: older, plugins)
        try defineSeries(package, older: older)
        try Roles.offer(db, actor, plugin: package.name, roles: package.manifest.roles)
        try adoptRules(shippedRules, plugins, &contents)
        id = try library.store(
            contents, reason: "\(older == nil ? "Install" : "Upgrade to") \(package.name) \(package.manifest.version)", authorID: actor.id,
            author: actor.name, now: actor.at)
        let revision = try library.revision(id: id, contents)
        try TaxProfileChoice.check(revision, country: tenant.country, db)
        let scope = RunScope(
            tenant: tenant, revision: revision, principal: .service, database: db, clock: clock, now: actor.at,
            actor: actor, requestID: actor.requestID)
        if let older {
            try HookRun.lifecycle(.upgrade, package, [.string(older.manifest.version)], scope)
        } else {
            try HookRun.lifecycle(.install, package, [], scope)
        }
        try Audit.append(
            db, actor, older == nil ? "plugin.installed" : "plugin.upgraded", object: ("plugin", package.name),
            before: older.map { ["version": .string($0.manifest.version)] } ?? .null,
            after: ["version": .string(package.manifest.version), "hash": .string(package.hash), "revision": .int(id)])
        return revision
    }

    private func makeTables(_ package: PluginPackage, older: PluginPackage?, _ plugins: InstalledPlugins) throws {
        for type in package.recordTypes {
            func reference(_ target: String) throws -> String {
                switch target {
                case "branch": return "platform_branches"
                case "user": return "platform_users"
                case "till": return "platform_tills"
                default:
                    guard let other = plugins.recordTypes[target] else {
                        throw DeclarationError(
                            file: "\(package.name)/records", field: type.name, message: "refers to \(target), which is no record type here")
                    }
                    return other.table.name
                }
            }
            if let before = older?.recordTypes.first(where: { $0.name == type.name }) {
                let script = try type.table.additions(since: before.table, file: "\(package.name)/records", references: reference)
                if !script.isEmpty { try db.execute(script: script) }
            } else {
                try db.execute(script: try type.table.definition(references: reference))
            }
        }
    }

    private func defineSeries(_ package: PluginPackage, older: PluginPackage?) throws {
        let ledger = db.ledger(clock: clock)
        for series in package.manifest.series where older?.manifest.series.contains(where: { $0.name == series.name }) != true {
            guard let reset = SeriesReset(rawValue: series.reset) else {
                throw DeclarationError(
                    file: "\(package.name)/plugin.lua", field: "series.\(series.name).reset", message: "must be never, year, month or day")
            }
            _ = try ledger.defineSeries(
                NewSeries(name: series.name, format: try NumberFormat(series.format), reset: reset, isBranched: series.perBranch),
                actor: actor.ledgerActor)
        }
    }

    /// Copies shipped rule files in as version 1 where their contract is known and the tenant has no file of that path.
    private func adoptRules(_ shipped: [String: [UInt8]], _ plugins: InstalledPlugins, _ contents: inout RevisionLibrary.Contents) throws {
        let author = Scripts.Author(id: actor.id, name: actor.name)
        for (path, source) in shipped.sorted(by: { $0.key < $1.key }) where !contents.files.contains(where: { $0.path == path }) {
            guard let contract = try RuleContent.contract(of: source, path: path), plugins.contracts[contract] != nil else { continue }
            let content = try RuleContent(source: source, path: path, contracts: plugins.contracts)
            // A schedule waits until the plugin of its job is installed.
            if let schedule = content.schedule, plugins.jobs[schedule.job] == nil { continue }
            try content.check(amountsIn: tenant.currency, file: path, source: String(decoding: source, as: UTF8.self))
            try Scripts.insertShipped(db, library, path: path, source: source, author: author, now: actor.at)
            contents.files.append((path, 1))
        }
        contents.files.sort { $0.path < $1.path }
    }
}
