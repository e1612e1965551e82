import Core
import Scripting
import Synchronization

/// Everything that runs for a tenant at one moment: exact plugin packages and versions of rule files. Immutable.
package final class Revision: Sendable {
    /// The row in `platform_revisions`; 0 for the revision of a tenant without plugins.
    package let id: Int64
    package let plugins: InstalledPlugins
    /// Rule sets by contract, then by key.
    package let ruleSets: [String: [String: RuleSet]]
    /// The version in force of each rule file.
    package let files: [String: Int64]
    /// By country, each in the order of their ids.
    private let taxProfiles: [String: [RuleSet]]
    /// What is due by itself, by id.
    package let schedules: [Schedule]
    /// Versions that are not in force any more, as records ask for them.
    let pinned = PinnedRules()

    package init(id: Int64, plugins: InstalledPlugins, ruleSets: [RuleSet]) throws(DeclarationError) {
        self.id = id
        self.plugins = plugins
        var byContract: [String: [String: RuleSet]] = [:]
        var files: [String: Int64] = [:]
        for set in ruleSets {
            if let other = byContract[set.contract.id]?[set.key] {
                throw DeclarationError(
                    file: set.path, field: set.contract.key, message: "is “\(set.key)”, as in \(other.path) already", line: 1)
            }
            byContract[set.contract.id, default: [:]][set.key] = set
            files[set.path] = set.version
        }
        self.ruleSets = byContract
        self.files = files
        let profiles = (byContract[TaxProfile.contract.id] ?? [:]).values.sorted { $0.key < $1.key }
        taxProfiles = Dictionary(grouping: profiles) { $0.content.taxProfile?.country ?? "" }
        schedules = Self.schedules(ruleSets, plugins)
    }

    package var endpoints: [Endpoint] { plugins.endpoints }
    package var router: Router<Endpoint> { plugins.router }

    package var permissions: [Permission] { plugins.permissions }

    package func recordType(_ name: String) -> RecordType? { plugins.recordTypes[name] }

    /// The rule set of a contract for a key, or the contract's fallback.
    package func ruleSet(_ contract: String, key: String?) -> RuleSet? {
        guard let sets = ruleSets[contract] else { return nil }
        if let key, let set = sets[key] { return set }
        return plugins.contracts[contract]?.fallback.flatMap { sets[$0] }
    }

    /// The tax profiles of a country; `TaxProfileChoice` tells which of several serves.
    func taxProfiles(country: String) -> [RuleSet] { taxProfiles[country] ?? [] }

    /// This revision with one rule file replaced by another version of it.
    func replacing(_ set: RuleSet, id: Int64) throws(DeclarationError) -> Revision {
        var sets = ruleSets.values.flatMap(\.values).filter { $0.path != set.path }
        sets.append(set)
        return try Revision(id: id, plugins: plugins, ruleSets: sets.sorted { $0.path < $1.path })
    }
}

/// The plugins of a revision and all that follows from their declarations. Shared by tenants that have the same ones.
package final class InstalledPlugins: Sendable {
    /// Tells this set from every other that the process has known.
    let serial: Int
    /// In the order of their dependencies.
    package let packages: [PluginPackage]
    package let recordTypes: [String: RecordType]
    /// The record types in the order of their names, and where they are, for look-ups without a String.
    let typesByName: [RecordType]
    let typePlaces: FieldIndex
    package let contracts: [String: Contract]
    /// The jobs by their names, `pos.nightly`.
    package let jobs: [String: JobDeclaration]
    /// The reports by their ids, `pos.sales_by_day`.
    package let reports: [String: Report]
    package let dashboards: [DashboardDeclaration]
    /// The notifications by their names, `pos.receipt`.
    package let notifications: [String: NotificationDeclaration]
    package let endpoints: [Endpoint]
    package let router: Router<Endpoint>
    /// The plugins' permissions with their titles.
    package let permissions: [Permission]
    let hooks: [HookKey: [HookDeclaration]]
    /// The record types and events that have any.
    private let hooked: Set<String>

    struct HookKey: Hashable {
        let on: String
        let phase: Phase
    }

    private static let count = Atomic<Int>(0)

    package static let none: InstalledPlugins = {
        do { return try InstalledPlugins([]) } catch { preconditionFailure("no plugins cannot conflict: \(error)") }
    }()

    /// - Throws: 422 `plugin.conflict` where two plugins claim one route, record type, path or contract.
    package init(_ packages: [PluginPackage]) throws {
        serial = Self.count.add(1, ordering: .relaxed).newValue
        self.packages = packages
        var recordTypes: [String: RecordType] = [:]
        var contracts = Dictionary(uniqueKeysWithValues: Contract.kernel.map { ($0.id, $0) })
        var jobs: [String: JobDeclaration] = [:]
        var hooks: [HookKey: [HookDeclaration]] = [:]
        var endpoints: [Endpoint] = []
        for package in packages {
            for type in package.recordTypes {
                if recordTypes[type.name] != nil {
                    throw Problem(422, "plugin.conflict", "\(package.name) declares the record type \(type.name) a second time.")
                }
                recordTypes[type.name] = type
            }
            for contract in package.contracts {
                if contracts[contract.id] != nil {
                    throw Problem(422, "plugin.conflict", "\(package.name) declares the contract \(contract.id), which is there already.")
                }
                contracts[contract.id] = contract
            }
            for job in package.jobs { jobs[job.name] = job }
            for hook in package.hooks {
                hooks[HookKey(on: hook.on == "plugin" ? "plugin:\(package.name)" : hook.on, phase: hook.phase), default: []].append(hook)
            }
        }
        try RecordAddition.apply(packages, to: &recordTypes)
        for package in packages {
            endpoints += package.recordTypes.flatMap { RecordEndpoints.endpoints(of: recordTypes[$0.name] ?? $0) }
            endpoints += package.routes.map(\.endpoint)
        }
        var reports: [String: Report] = [:]
        for package in packages {
            for report in package.reports { reports[report.id] = Report(report, package, types: recordTypes) }
        }
        self.reports = reports
        dashboards = packages.flatMap(\.dashboards)
        for dashboard in dashboards { try dashboard.check(reports) }
        endpoints += reports.sorted { $0.key < $1.key }.map { ReportEndpoints.endpoint(of: $0.value) }
        self.recordTypes = recordTypes
        let typeNames = recordTypes.keys.sorted()
        typesByName = typeNames.compactMap { recordTypes[$0] }
        typePlaces = FieldIndex(typeNames)
        self.contracts = contracts
        self.jobs = jobs
        let names = Set(packages.map(\.name))
        for (key, list) in hooks where list.count > 1 || !list[0].after.isEmpty || !list[0].before.isEmpty {
            hooks[key] = try HookOrder.sorted(list, plugins: names)
        }
        notifications = Dictionary(packages.flatMap(\.notifications).map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        self.hooks = hooks
        hooked = Set(hooks.keys.map(\.on))
        // A plugin's own route stands for the path that its record type would be served at.
        let written = Set(packages.flatMap { $0.routes.map { "\($0.method.rawValue) \($0.path)" } })
        var seen: Set<String> = []
        self.endpoints = endpoints.reversed().filter { endpoint in
            let name = "\(endpoint.method.rawValue) \(endpoint.path)"
            return seen.insert(name).inserted || !written.contains(name)
        }.reversed()
        router = Router(self.endpoints.map { (method: $0.method, path: $0.path, target: $0) })
        if let conflict = router.conflicts.first {
            throw Problem(422, "plugin.conflict", conflict.message)
        }
        permissions = packages.flatMap(\.manifest.permissions)
        for (name, claimants) in Dictionary(grouping: permissions, by: \.name) where claimants.count > 1 {
            throw Problem(422, "plugin.conflict", "\(claimants.map(\.origin).joined(separator: " and ")) both declare the permission \(name).")
        }
        let catalogue = PermissionCatalogue(plugins: permissions)
        try PluginChecks.checkTables(packages, recordTypes)
        for package in packages { try PluginChecks.check(package, recordTypes: recordTypes, permissions: catalogue) }
    }

    func hasHooks(on: String) -> Bool { hooked.contains(on) }

    func hooks(on: String, _ phase: Phase) -> [HookDeclaration] {
        hooks[HookKey(on: on, phase: phase)] ?? []
    }

    /// The record types in the order of their plugins, with the fields that others add.
    package var typesInOrder: [RecordType] { packages.flatMap(\.recordTypes).map { recordTypes[$0.name] ?? $0 } }

    /// All hooks, by record type and phase in the order in which they run.
    package var hooksInOrder: [HookDeclaration] {
        hooks.sorted { ($0.key.on, $0.key.phase.rawValue) < ($1.key.on, $1.key.phase.rawValue) }.flatMap(\.value)
    }

    package func package(_ name: String) -> PluginPackage? { packages.first { $0.name == name } }
}

/// Where a tenant keeps the revision that new requests run on. Emptied when the tenant is closed for idleness.
package final class RevisionSlot: Sendable {
    private let slot = Mutex<Revision?>(nil)
    /// The oldest revision whose tables are still there.
    private let oldest = Atomic<Int64>(0)
    private let changed: @Sendable () -> Void

    /// - Parameter changed: told of every publish.
    package init(changed: @escaping @Sendable () -> Void = {}) {
        self.changed = changed
    }

    /// The revision in force, when it is in memory.
    package var current: Revision? { slot.withLock { $0 } }

    /// Every request that starts after this runs on `revision`.
    ///
    /// - Parameter retiring: whether those before it cannot go on: tables that they know are gone.
    package func publish(_ revision: Revision, retiring: Bool = false) {
        if retiring { oldest.store(revision.id, ordering: .releasing) }
        slot.withLock { $0 = revision }
        changed()
    }

    /// Whether a request that began with a revision can still be carried out.
    package func serves(_ revision: Revision) -> Bool { revision.id >= oldest.load(ordering: .acquiring) }

    /// Puts in what was loaded, unless another has come in the meantime; answers what is in force.
    package func fill(_ loaded: Revision) -> Revision {
        slot.withLock { current in
            if let current { return current }
            current = loaded
            return loaded
        }
    }

    package func drop() {
        oldest.store(0, ordering: .releasing)
        slot.withLock { $0 = nil }
    }
}
