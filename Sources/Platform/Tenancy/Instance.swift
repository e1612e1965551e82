import Core
import Storage
import Synchronization

/// One running installation: its data folder, keys, tenants and the threads that serve them. A process has one.
package final class Instance: Sendable {
    /// The data folder.
    package let dataPath: String
    /// Where `Rules`, `Plugins` and `Web` are.
    package let homePath: String
    package let configuration: InstanceConfiguration
    package let clock: any Clock
    package let lanes: LanePool
    package let stores: StoreRegistry
    package let system: SystemStore
    package let directory = TenantDirectory()
    package let keys: KeyFolder
    package let passwords: PasswordGate
    /// Tells those who watch what happens, tenant by tenant.
    package let events: EventBus
    package let reservedRoutes = ReservedRoutes()
    /// What rules decided, beside the tenants' databases.
    package let decisions: DecisionLog
    /// How long the statements of the databases take.
    package let statements: StatementWatch
    package let backupLog = BackupLog()
    /// What the operator has to know.
    package let alerts: Alerts
    package let scriptLog = ScriptLog()
    package let reports = ReportCache()
    /// Does what is due: jobs and messages.
    package let scheduler: Scheduler
    private let services: TenantServices
    private let claim: Mutex<DataFolder?>

    /// Opens the installation, making what is missing, and takes its lock.
    ///
    /// Reads `system.db` only: tenants' databases are opened when they are asked for.
    /// - Throws: `StorageError.dataFolderLocked` when another process has it.
    package static func open(
        data: String, home: String, clock: any Clock = SystemClock(),
        configuration: InstanceConfiguration = InstanceConfiguration()
    ) throws -> Instance {
        let instance = try Instance(DataFolder(claiming: data), data: data, home: home, clock: clock, configuration: configuration)
        try instance.sweepLeftovers()
        for (facts, hosts) in try instance.system.tenants() { instance.admit(facts, hosts: hosts) }
        return instance
    }

    private init(
        _ folder: DataFolder, data: String, home: String, clock: any Clock, configuration: InstanceConfiguration
    ) throws {
        claim = Mutex(folder)
        dataPath = data
        homePath = home
        self.clock = clock
        self.configuration = configuration
        keys = try KeyFolder.open("\(data)/keys")
        try Files.createDirectory("\(data)/tenants", mode: 0o700)
        events = EventBus(now: clock.now())
        decisions = DecisionLog(folder: { "\(data)/tenants/\($0)" })
        lanes = LanePool(threads: configuration.laneThreads)
        stores = StoreRegistry(pool: lanes)
        statements = StatementWatch(slowMilliseconds: configuration.slowStatementMilliseconds)
        passwords = PasswordGate(cost: configuration.passwordCost)
        var system = StoreConfiguration(migrations: SystemSchema.migrations)
        system.staysOpen = true
        system.clock = clock
        system.statementTimes = statements.times(of: nil)
        system.opened = { db in db.authorize(Audit.keepsHistory) }
        self.system = try SystemStore(store: Store(path: "\(data)/system.db", configuration: system, pool: lanes))
        services = TenantServices(scriptLog: scriptLog)
        alerts = Alerts(
            system: self.system, transport: configuration.transport ?? NetworkTransport(policy: configuration.outbound.everywhere),
            secrets: keys.secrets, clock: clock)
        scheduler = Scheduler(clock: clock, directory: directory, system: self.system, events: events,
            courier: Courier(configuration.transport ?? NetworkTransport(policy: configuration.outbound), clock: clock))
        services.serve(by: scheduler)
    }

    package func folder(ofTenant id: Int64) -> String { "\(dataPath)/tenants/\(id)" }

    /// The log of a tenant's changes, beside its copies.
    package func changeLogFolder(ofTenant id: Int64) -> String { "\(dataPath)/backups/\(id)/log" }

    package var now: Instant { clock.now() }

    /// Closes databases that nobody used for a while and drops the caches of their tenants. Called by the housekeeping
    /// thread, every few seconds.
    package func sweepIdle() {
        stores.sweep()
        for tenant in directory.all where !tenant.store.isOpen { tenant.rest() }
    }

    /// Removes what has outlived its time (idempotency keys, refusals, sessions) from the tenants whose databases are open; a
    /// closed one waits until it is used again. Called by the housekeeping thread, every few minutes.
    package func sweepExpired() {
        let now = clock.now()
        for tenant in directory.all where tenant.store.isOpen && tenant.readOnlyMark == nil {
            // A lane that is busy is left alone: the next sweep comes soon.
            try? tenant.store.submit(Upkeep(now))
        }
    }

    /// Ends the tenants' databases, then the system's, and gives the lock back. Nothing may be asked afterwards.
    package func close() {
        scheduler.stop()
        stores.closeAll()
        scheduler.saveWakes()
        services.serve(by: nil)
        decisions.stop()
        alerts.settle(sendsMail: false)
        // Only somebody who closes it at the same moment refuses.
        try? system.store.retire("the server is stopping")
        lanes.stop()
        claim.withLock { $0 = nil }
    }

    /// Makes a tenant known, or its changed facts.
    func admit(_ facts: TenantFacts, hosts: [String]) {
        let isKnown = directory.find(id: facts.id) != nil
        directory.put(facts, hosts: hosts, services: services) {
            // A database that is missing, with a disk that was not mounted, is an error and not a new business.
            var configuration = tenantConfiguration
            configuration.options.creates = false
            configuration.opened = { [services, keys, clock] db in
                services.boxes.keep(try TenantKeys.adopt(db, tenantID: facts.id, house: keys.secrets, at: clock.now()), for: facts.id)
                db.authorize(TenantMigrations.keepsHistory)
            }
            configuration.changeLog = .init(folder: changeLogFolder(ofTenant: facts.id), isKept: self.configuration.keepsChangeLog)
            configuration.statementTimes = statements.times(of: facts.id)
            return stores.store(facts.id, path: "\(folder(ofTenant: facts.id))/tenant.db", configuration: configuration)
        }
        // Its time zone may be another, or it may be active again.
        if isKnown { scheduler.signal(facts.id) }
    }

    var tenantConfiguration: StoreConfiguration {
        var store = StoreConfiguration(migrations: configuration.tenantMigrations)
        store.idleNanoseconds = UInt64(configuration.idleSeconds) * 1_000_000_000
        store.clock = clock
        store.opened = { db in db.authorize(TenantMigrations.keepsHistory) }
        return store
    }

    /// The address of a page of a tenant, for links in messages.
    package func url(_ tenant: Tenant, path: String) -> String {
        let port = configuration.publicPort.map { ":\($0)" } ?? ""
        return "\(configuration.isSecure ? "https" : "http")://\(tenant.domain)\(port)\(path)"
    }
}
