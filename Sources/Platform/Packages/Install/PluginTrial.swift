import Core
import Scripting
import Storage

/// Tries an installation on a copy of the tenant's data, so that the tenant itself never sees one that fails.
///
/// The copy has the schema and the newest 10,000 rows of each table, all of the kernel's small ones; where data would be lost it
/// is a whole one. It lies beside the tenant's database, readable by the server only, and is removed in any case.
struct PluginTrial {
    /// What became of it.
    package struct Outcome: Sendable {
        /// What a test said, one value each; empty where the plugin has none.
        var tests: [Value] = []
        let plan: InstallationPlan
        var milliseconds: Int64 = 0
        var rows = TestCopy.rows

        var value: Value {
            [
                "ok": .bool(tests.allSatisfy { $0["ok"] != false }), "tests": .array(tests), "milliseconds": .int(milliseconds),
            ]
        }
    }

    private static let prefix = ".trial-"
    private static let own = "\(prefix)\(Random.reference())-"

    let instance: Instance
    let tenant: Tenant
    let actor: ActingUser
    /// Only these test files; nil for all.
    var tests: Set<String>?
    /// Plugins that are put in before it.
    var others: [PluginInstallation.Offer] = []

    /// Installs on a copy and runs the plugin's tests there.
    /// - Throws: what the installation throws; 422 `plugin.tests_failed` with each failed test's place and message.
    func run(
        _ offer: PluginInstallation.Offer, isWhole: Bool, consents: Set<InstallationPlan.Consent>
    ) throws -> Outcome {
        let started = monotonicNanoseconds()
        return try onCopy(isWhole: isWhole) { db, folder in
            let (plan, revision) = try db.transaction {
                try installOthers(on: db)
                return try install(offer, on: db, consents)
            }
            var outcome = Outcome(plan: plan)
            try PluginTests.check(offer.files, revision)
            outcome.tests = try PluginTests.run(offer.files, revision, db, tenant: tenant, instance: instance, folder: folder, only: tests)
            outcome.milliseconds = Int64((monotonicNanoseconds() - started) / 1_000_000)
            let failed = outcome.tests.filter { $0["ok"] == false }
            guard failed.isEmpty else {
                throw Problem(
                    422, "plugin.tests_failed",
                    "\(failed.count) of \(outcome.tests.count) tests of the plugin failed here: \(failed[0]["where"]?.string ?? "") \(failed[0]["message"]?.string ?? "")",
                    extra: [("tests", .array(outcome.tests))])
            }
            return outcome
        }
    }

    /// What recorded requests come to on a copy, before and after it is installed there.
    func impact(of offer: PluginInstallation.Offer, isWhole: Bool, consents: Set<InstallationPlan.Consent>) throws -> Value {
        instance.decisions.flush()
        let file = try instance.decisions.file(ofTenant: tenant.id)
        defer { file?.close() }
        let (requests, count) = try file?.requests(ofTenant: tenant.id, limit: RequestReplay.most) ?? ([], 0)
        return try onCopy(isWhole: isWhole) { db, _ in
            try db.transaction {
                try installOthers(on: db)
                let before = try RevisionLibrary(db).current()
                let replay = RequestReplay(instance: instance, tenant: tenant, db: db)
                let known = requests.filter { before.route($0) != nil }
                let first = try replay.answers(to: known, by: before)
                let (plan, after) = try install(offer, on: db, consents)
                let second = try replay.answers(to: Array(known.prefix(first.count)), by: after)
                return PluginImpact(plan: plan, currency: tenant.currency, recorded: count, known: known.count)
                    .report(Array(zip(zip(known, first), second).map { ($0.0, $0.1, $1) }), before: before, after: after)
            }
        }
    }

    private func onCopy<T>(isWhole: Bool, _ body: (Connection, _ folder: String) throws -> T) throws -> T {
        let folder = try makeFolder()
        defer { try? Files.removeTree(folder) }
        let db = try TestCopy.make(of: tenant, to: "\(folder)/tenant.db", isWhole: isWhole)
        defer { db.close() }
        return try body(db, folder)
    }

    private func install(
        _ offer: PluginInstallation.Offer, on db: Connection, _ consents: Set<InstallationPlan.Consent>
    ) throws -> (InstallationPlan, Revision) {
        let installation = PluginInstallation(db, tenant: tenant, actor: actor, clock: instance.clock)
        let prepared = try installation.prepare(offer)
        return (prepared.plan, try installation.apply(prepared, consents: consents))
    }

    /// Each behind what it depends on.
    private func installOthers(on db: Connection) throws {
        let manifests = try others.map { try Manifest(files: $0.files) }
        for manifest in try DependencyOrder.sorted(manifests) {
            guard let index = manifests.firstIndex(where: { $0.name == manifest.name }) else { continue }
            _ = try install(others[index], on: db, Set(InstallationPlan.Consent.allCases))
        }
    }

    /// Beside the tenant's database. One process owns the data, so copies that are not of this one were left behind by one that
    /// was ended, and go.
    private func makeFolder() throws -> String {
        let home = instance.folder(ofTenant: tenant.id)
        for name in try Files.list(home) where name.hasPrefix(Self.prefix) && !name.hasPrefix(Self.own) {
            try Files.removeTree("\(home)/\(name)")
        }
        let folder = "\(home)/\(Self.own)\(Random.reference())"
        try Files.createDirectory(folder, mode: 0o700)
        return folder
    }
}
