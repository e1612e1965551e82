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

    /// Installs on a copy and runs the plugin's tests there.
    /// - Throws: what the installation throws; 422 `plugin.tests_failed` with each failed test's place and message.
    func run(
        _ offer: PluginInstallation.Offer, isWhole: Bool, consents: Set<InstallationPlan.Consent>
    ) throws -> Outcome {
        let started = monotonicNanoseconds()
        let folder = try makeFolder()
        defer { try? Files.removeTree(folder) }
        let db = try TestCopy.make(of: tenant, to: "\(folder)/tenant.db", isWhole: isWhole)
        defer { db.close() }
        var outcome = Outcome()
        let revision = try db.transaction {
            let installation = PluginInstallation(db, tenant: tenant, actor: actor, clock: instance.clock)
            return try installation.apply(try installation.prepare(offer), consents: consents)
        }
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
