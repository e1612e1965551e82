import Core
import Storage

/// Looks one business over: its database, what runs for it, and whether its tables are what its plugins declare.
struct TenantDoctor {
    let instance: Instance
    let tenant: Tenant

    /// Reads the whole database once; on a thread that may wait.
    func examine() throws -> [HealthFinding] {
        if let failure = tenant.store.failure {
            return [HealthFinding("database", false, failure.problem.detail)]
        }
        return try tenant.store.readAlone { db in
            var findings: [HealthFinding] = []
            let faults = try db.soundness(full: false)
            let size = try Files.size(db.path) >> 10
            findings.append(HealthFinding("database", faults.isEmpty, faults.first ?? "sound, \(size) KiB"))
            let library = RevisionLibrary(db)
            do {
                let (id, contents) = try library.currentContents()
                let revision = try library.revision(id: id, contents)
                findings.append(
                    HealthFinding("revision", true, "\(id): \(revision.plugins.packages.count) plugins, \(revision.files.count) rule files"))
                findings += try plugins(revision.plugins, db)
                findings += try SealedContent.examine(tenant, db)
            } catch {
                let problem = (error as? any ProblemConvertible)?.problem
                findings.append(HealthFinding("revision", false, problem?.detail ?? "\(error)"))
            }
            return try findings + waiting(db)
        }
    }

    private func plugins(_ plugins: InstalledPlugins, _ db: Connection) throws -> [HealthFinding] {
        let types = plugins.packages.flatMap(\.recordTypes)
        let schema = SchemaMigration(before: types, after: types, migrations: [], keepsWhatIsGone: true, currency: tenant.currency)
        let drift = try schema.plan(db).changes
        let shipped = Shipped(home: instance.homePath)
        return plugins.packages.map { package in
            let name = "plugin \(package.name)"
            let tables = Set(package.recordTypes.flatMap(SchemaMigration.tables).map(\.name))
            if let change = drift.first(where: { tables.contains($0.table) }) {
                return HealthFinding(
                    name, false, "\(change.table) is not as it is declared (\(change.kind.rawValue) \(change.name)): install the plugin again.")
            }
            do throws(Problem) {
                try Kernel.check(package.manifest)
            } catch {
                return HealthFinding(name, false, error.detail)
            }
            var detail = package.manifest.version
            if package.manifest.publisher == Shipped.publisher, let files = try? shipped.plugin(package.name), PluginPackage.hash(files) != package.hash,
                let newer = try? Manifest(files: files).version
            {
                detail += ", and \(newer) lies beside the program: kontor plugin upgrade \(package.name)"
            }
            return HealthFinding(name, true, detail)
        }
    }

    /// What waits for somebody.
    private func waiting(_ db: Connection) throws -> [HealthFinding] {
        let register = PluginRegister(db)
        var findings: [HealthFinding] = []
        if let mark = try ReadOnly.find(db) { findings.append(HealthFinding("changes", true, mark.problem.detail)) }
        for removed in try register.removed() {
            findings.append(HealthFinding("removed plugin \(removed.plugin)", true, "its data is still here: kontor plugin purge \(removed.plugin)"))
        }
        for archive in try register.archives() {
            findings.append(HealthFinding("archive \(archive["name"]?.string ?? "")", true, "waits for consent"))
        }
        return findings
    }
}
