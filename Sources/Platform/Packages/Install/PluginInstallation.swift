import Core
import Ledger
import Scripting
import Storage

/// Puts a plugin into a tenant, inside one transaction: tables, series, roles, rule files and a new revision, or nothing.
///
/// First `prepare`, which reads and plans; then, when somebody has agreed, `apply`.
package struct PluginInstallation {
    let db: Connection
    let tenant: Tenant
    let actor: ActingUser
    let clock: any Clock
    let library: RevisionLibrary
    let register: PluginRegister

    package init(_ db: Connection, tenant: Tenant, actor: ActingUser, clock: any Clock) {
        self.db = db
        self.tenant = tenant
        self.actor = actor
        self.clock = clock
        library = RevisionLibrary(db)
        register = PluginRegister(db)
    }

    /// A plugin that somebody wants to have.
    package struct Offer: Sendable {
        package enum Origin: Sendable {
            /// It lies beside the program; who can change it there can change the program, so it is trusted as much.
            case shipped
            case archive(PluginArchive)
            /// What an author saved last. Where the publisher's known key signed it, it is an archive like any other; else nobody
            /// vouches for it, and no key is taken from it.
            case draft(PluginArchive)
            /// A version that was here before, by its package's id.
            case former(Int64)
        }

        package let origin: Origin
        package let files: [String: [UInt8]]
        /// Rule files beside the program.
        package let shippedRules: [String: [UInt8]]
        /// It is tried on a copy and never installed: whoever packed it may call himself as he likes.
        package private(set) var isTrial = false

        package init(_ origin: Origin, files: [String: [UInt8]], shippedRules: [String: [UInt8]]) {
            self.origin = origin
            self.files = files
            self.shippedRules = shippedRules
        }

        package init(_ archive: PluginArchive, shippedRules: [String: [UInt8]]) {
            self.init(.archive(archive), files: archive.files, shippedRules: shippedRules)
        }

        package var onTrial: Offer {
            var offer = self
            offer.isTrial = true
            return offer
        }

        /// The archive that it came in.
        var archive: PluginArchive? {
            switch origin {
            case .archive(let archive), .draft(let archive): archive
            case .shipped, .former: nil
            }
        }
    }

    /// An offer that was read against what is there.
    package struct Prepared {
        package let plan: InstallationPlan
        let offer: Offer
        let package: PluginPackage
        let older: PluginPackage?
        let olderID: Int64?
        let removed: PluginRegister.Removed?
        let before: Revision
        let contents: RevisionLibrary.Contents
        let after: InstalledPlugins
        /// Whether tables of a newer version are there.
        let isBack: Bool
        let migrations: [MigrationFile]
        let schema: SchemaMigration
        let schemaPlan: SchemaMigration.Plan
        let rules: [AdoptedRule]
        let seriesChanges: [PluginSeries.Change]

        /// Whether a copy of a part of the data is not enough to try it on.
        package var isDestructive: Bool { plan.needs.contains(.destructive) }
    }

    // MARK: Doing

    /// Installs a plugin that came with the program, or upgrades the one of the same name.
    /// - Returns: the revision that the caller publishes after the commit.
    package func install(files: [String: [UInt8]], shippedRules: [String: [UInt8]]) throws -> Revision {
        try apply(try prepare(Offer(.shipped, files: files, shippedRules: shippedRules)), consents: Set(InstallationPlan.Consent.allCases))
    }

    /// - Parameter grantsRoles: whether roles get the permissions that the plugin offers them.
    /// - Returns: the revision that the caller publishes after the commit; the one in force if the plugin is there already.
    /// - Throws: 409 `plugin.consent_needed`; what the data, a migration or the plugin's own hook refuses.
    package func apply(_ prepared: Prepared, consents: Set<InstallationPlan.Consent>, grantsRoles: Bool = true) throws -> Revision {
        let package = prepared.package, older = prepared.older
        if prepared.plan.action == .unchanged { return prepared.before }
        try prepared.plan.require(consents)
        let packageID = try library.keep(package, files: prepared.offer.files, userID: actor.id, now: actor.at)
        var contents = prepared.contents
        let former = Dictionary(
            zip(prepared.before.plugins.packages.map(\.name), prepared.contents.packages).map { ($0, $1) }, uniquingKeysWith: { $1 })
        contents.packages = prepared.after.packages.compactMap { $0.name == package.name ? packageID : former[$0.name] }
        try adopt(prepared.rules, &contents)
        let verb = older == nil ? "Install" : prepared.plan.action == .rollback ? "Roll back to" : "Change to"
        let id = try library.store(
            contents, reason: "\(verb) \(package.name) \(package.manifest.version)", authorID: actor.id, author: actor.name,
            now: actor.at)
        let revision = try library.revision(id: id, contents)
        try TaxProfileChoice.check(revision, country: tenant.country, db)
        let scope = RunScope(
            tenant: tenant, revision: revision, principal: .service, database: db, clock: clock, now: actor.at, actor: actor,
            requestID: actor.requestID)
        try prepared.schema.carryOut(prepared.schemaPlan, db, scope)
        // Those of other plugins too: an upgrade may take away what they read.
        for report in revision.plugins.reports.values { try report.check(db) }
        try series(package, older).carryOut(prepared.seriesChanges, actor: actor.ledgerActor)
        try PermissionIncludes.declare(package.manifest.permissions, of: package.name, db)
        if grantsRoles { try Roles.offer(db, actor, plugin: package.name, roles: package.manifest.roles) }
        try note(prepared, packageID)
        switch prepared.plan.action {
        case .rollback, .downgrade: break
        case _ where older == nil: try HookRun.lifecycle(.install, package, [], scope)
        default: try HookRun.lifecycle(.upgrade, package, [.string(older?.manifest.version ?? "")], scope)
        }
        try audit(prepared, revision)
        return revision
    }

    func series(_ package: PluginPackage, _ older: PluginPackage?) -> PluginSeries {
        PluginSeries(package: package, older: older, ledger: db.ledger(clock: clock))
    }

    private func note(_ prepared: Prepared, _ packageID: Int64) throws {
        let name = prepared.package.name
        var event = PluginRegister.Event(plugin: name, action: "installed", packageID: packageID, formerPackageID: prepared.olderID)
        switch prepared.plan.action {
        case .rollback, .downgrade: event.action = "rolled_back"
        default:
            if prepared.older != nil { event.action = "upgraded" }
            // What a first installation has from its declarations need not be brought there.
            let done = try register.appliedMigrations(of: name)
            for file in prepared.package.migrations where done[file.number] == nil { try register.note(file, actor) }
        }
        if prepared.isBack { try register.forgetMigrations(of: name, above: prepared.package.migrations.map(\.number).max() ?? 0) }
        event.migrations = prepared.migrations.map(\.file)
        event.destructive = prepared.migrations.filter(\.isDestructive).map(\.file)
        event.consents = prepared.plan.needs.map(\.rawValue)
        if let archive = prepared.offer.archive {
            event.archiveDigest = archive.digest
            if !prepared.plan.needs.contains(.unsigned) { try register.pin(archive.key, of: archive.publisher, actor) }
            try register.discard(archive.digest)
        }
        if prepared.removed != nil { try register.exhume(name) }
        try register.record(event, actor)
    }

    private func audit(_ prepared: Prepared, _ revision: Revision) throws {
        let package = prepared.package
        let action =
            switch prepared.plan.action {
            case .rollback, .downgrade: "plugin.rolled_back"
            default: prepared.older == nil ? "plugin.installed" : "plugin.upgraded"
            }
        try Audit.append(
            db, actor, action, object: ("plugin", package.name),
            before: prepared.older.map { ["version": .string($0.manifest.version)] } ?? .null,
            after: [
                "version": .string(package.manifest.version), "hash": .string(package.hash), "revision": .int(revision.id),
                "plan": .string(prepared.plan.digest), "consents": .array(prepared.plan.needs.map { .string($0.rawValue) }),
            ])
    }
}
