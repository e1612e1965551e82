import Core
import Storage

/// Installs, rolls back and takes out plugins for those who ask for it, on a thread that may wait: the tenant's lane is held for
/// the change itself only, and what is tried out is tried on a copy.
package struct PluginWork: Sendable {
    let instance: Instance
    let tenant: Tenant
    let actor: ActingUser

    package init(_ instance: Instance, _ tenant: Tenant, _ actor: ActingUser) {
        self.instance = instance
        self.tenant = tenant
        self.actor = actor
    }

    /// - Throws: 404 `tenant.not_found` for a call of the operator's.
    init(_ call: Call) throws {
        guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "Plugins belong to a tenant.") }
        self.init(call.instance, tenant, call.actingUser)
    }

    private var shipped: Shipped { Shipped(home: instance.homePath) }

    /// What an installation would do. As `PluginInstallation.prepare`.
    package func plan(_ offer: PluginInstallation.Offer) throws -> InstallationPlan {
        try tenant.store.read { db in try installation(db).prepare(offer, reserved: instance.reservedRoutes).plan }
    }

    private func installation(_ db: Connection) -> PluginInstallation {
        PluginInstallation(db, tenant: tenant, actor: actor, clock: instance.clock)
    }

    // MARK: Offers

    package func shippedOffer(_ name: String) throws -> PluginInstallation.Offer {
        PluginInstallation.Offer(.shipped, files: try shipped.plugin(name), shippedRules: try shipped.rules())
    }

    package func offer(_ archive: PluginArchive) throws -> PluginInstallation.Offer {
        PluginInstallation.Offer(archive, shippedRules: try shipped.rules())
    }

    package func waitingOffer(_ digest: String) throws -> PluginInstallation.Offer {
        try offer(try tenant.store.read { db in try PluginRegister(db).archive(digest) })
    }

    /// The draft of a plugin, as it was saved last.
    /// - Throws: 404 `plugin.no_draft`.
    func draftOffer(_ name: String) throws -> PluginInstallation.Offer {
        let archive = try tenant.store.read { db in try PluginDrafts(db).archive(name) }
        return PluginInstallation.Offer(.draft(archive), files: archive.files, shippedRules: try shipped.rules())
    }

    /// The version that was here before the one in force.
    /// - Throws: 404 `plugin.not_installed`, 409 `plugin.no_former_version`.
    private func formerOffer(_ name: String) throws -> PluginInstallation.Offer {
        try tenant.store.read { db in
            let library = RevisionLibrary(db)
            let (id, contents) = try library.currentContents()
            let plugins = try library.revision(id: id, contents).plugins
            guard let index = plugins.packages.firstIndex(where: { $0.name == name }) else {
                throw Problem(404, "plugin.not_installed", "The plugin \(name) is not installed.")
            }
            guard let former = try PluginRegister(db).arrival(of: contents.packages[index], name)?.former else {
                throw Problem(
                    409, "plugin.no_former_version", "There was no version of \(name) here before \(plugins.packages[index].manifest.version).")
            }
            return PluginInstallation.Offer(.former(former), files: try library.files(of: former), shippedRules: [:])
        }
    }

    // MARK: Doing

    package struct Result: Sendable {
        package let plan: InstallationPlan
        package let trial: Value
        package let revision: Revision?
    }

    /// Tries an installation on a copy and leaves the tenant as it is. All consents are taken as given.
    /// - Parameters:
    ///   - with: others that are put in on the copy before it; then the copy is a whole one.
    ///   - tests: only these files; nil for all.
    package func rehearse(
        _ offer: PluginInstallation.Offer, with others: [PluginInstallation.Offer] = [], tests: Set<String>? = nil
    ) throws -> Result {
        var trial = PluginTrial(instance: instance, tenant: tenant, actor: actor, tests: tests)
        trial.others = others
        // What others bring cannot be planned for where they are not.
        let plan = others.isEmpty ? try plan(offer) : nil
        let outcome = try trial.run(offer, isWhole: plan.map { $0.needs.contains(.destructive) } ?? true, consents: Self.everything)
        return Result(plan: plan ?? outcome.plan, trial: outcome.value, revision: nil)
    }

    /// What it would change: recorded requests, answered on a copy by what is in force and by what would be.
    package func impact(of offer: PluginInstallation.Offer, with others: [PluginInstallation.Offer] = []) throws -> Value {
        var trial = PluginTrial(instance: instance, tenant: tenant, actor: actor)
        trial.others = others
        let isWhole = try !others.isEmpty || plan(offer).needs.contains(.destructive)
        return try trial.impact(of: offer, isWhole: isWhole, consents: Self.everything)
    }

    private static let everything = Set(InstallationPlan.Consent.allCases)

    /// Plans, tries it on a copy, and does it; in force for every request that starts afterwards.
    ///
    /// - Parameters:
    ///   - digest: of the plan that somebody agreed with; nil where nobody was asked, for the program's own.
    ///   - grantsRoles: whether roles get the permissions that the plugin offers them.
    /// - Throws: 409 `plugin.plan_changed`, 409 `plugin.consent_needed`, and what planning, trying and doing throw. Then the
    ///   tenant is as it was.
    package func install(
        _ offer: PluginInstallation.Offer, plan digest: String?, consents: Set<InstallationPlan.Consent>, grantsRoles: Bool = false
    ) throws -> Result {
        precondition(!offer.isTrial, "what is on trial is not installed")
        let plan = try plan(offer)
        guard digest == nil || digest == plan.digest else { throw Self.changed(plan) }
        guard plan.action != .unchanged else { return Result(plan: plan, trial: .null, revision: nil) }
        try plan.require(consents)
        let outcome = try PluginTrial(instance: instance, tenant: tenant, actor: actor)
            .run(offer, isWhole: plan.needs.contains(.destructive), consents: consents)
        let revision = try write(retiring: plan.needs.contains(.destructive) || plan.action == .rollback || plan.action == .downgrade) { db in
            let installation = installation(db)
            let prepared = try installation.prepare(offer, reserved: instance.reservedRoutes)
            guard prepared.plan.digest == plan.digest else { throw Self.changed(prepared.plan) }
            return try installation.apply(prepared, consents: consents, grantsRoles: grantsRoles)
        }
        return Result(plan: plan, trial: outcome.value, revision: revision)
    }

    /// Back to the version before, where no destructive migration stands between.
    package func rollBack(_ name: String) throws -> Result {
        try install(try formerOffer(name), plan: nil, consents: Self.everything)
    }

    package func uninstall(_ name: String) throws -> Revision {
        try write(retiring: false) { db in try PluginRemoval(db, tenant: tenant, actor: actor, clock: instance.clock).uninstall(name) }
    }

    /// In the lane; the revision is in force before the next turn begins.
    private func write(retiring: Bool, _ body: @escaping @Sendable (Connection) throws -> Revision) throws -> Revision {
        try tenant.store.write(
            { [tenant] db in
                try tenant.requireWritable()
                // It offers permissions to roles.
                try tenant.identityWillChange()
                return try body(db)
            }, committed: { [tenant] revision in tenant.revisionSlot.publish(revision, retiring: retiring) })
    }

    private static func changed(_ plan: InstallationPlan) -> Problem {
        Problem(
            409, "plugin.plan_changed", "The plan is another by now: read it again and agree with that.",
            extra: [("plan", plan.value)])
    }
}
