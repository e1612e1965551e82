import Core
import Platform
import Storage
import Synchronization

/// Answers every request: finds the tenant, the endpoint and the caller, decides whether it may, and has it done.
///
/// The HTTP server calls it for connections, the command line calls `perform` in process; both go the same way.
package final class Application: Sendable {
    package struct Configuration: Sendable {
        /// Host names on which the operator's API and `/metrics` answer, and nothing else.
        package var operatorHosts: Set<String> = ["127.0.0.1", "localhost", "[::1]"]
        package var readThreads = 4
        /// Most reads of one tenant at a time; below the readers of a store, so that signing in never waits for reports.
        package var readThreadsPerTenant = 3
        package var readQueue = 256
        /// Exports that are longer than one answer run beside the reads: a slow taker holds one of these.
        package var exportThreads = 4
        package var exportThreadsPerTenant = 2
        package var exportQueue = 4
        /// Open event streams.
        package var watchersPerTenant = 100
        package var watchers = 500
        package var workThreads = 3
        package var workThreadsPerTenant = 2
        package var workQueue = 64
        package var version = "0"
        /// What the machine has left.
        package var machine = MachineFigures()
        /// Endpoints beside the kernel's own.
        package var furtherEndpoints: [Endpoint] = []
        /// Reads the revision in force from a tenant's database.
        package var loadRevision: @Sendable (Connection) throws -> Revision = { db in try RevisionLibrary(db).current() }

        package init() {}
    }

    package let instance: Instance
    package let configuration: Configuration
    package var events: EventBus { instance.events }
    package let limits: RequestLimits
    package let statistics = RequestStatistics()
    let readers: WorkPool
    let workers: WorkPool
    let exporters: WorkPool
    let answers = Answerer()
    /// What every tenant is served.
    package let tenantEndpoints: [Endpoint]
    /// What the operator is served.
    package let operatorEndpoints: [Endpoint]
    private let tenantRouter: Router<Endpoint>
    private let operatorRouter: Router<Endpoint>
    let documents: OpenAPICache
    let health = HealthAnswers()
    let watchers: EventWatchers
    let startedAt: Instant
    package let requestLog: RequestLog
    package let alertWatch: AlertWatch
    let tenantMetrics: TenantMetrics
    package let figures = ProcessFigures()
    private let purgedOn = Mutex<CalendarDate?>(nil)
    private let files: StaticFiles?
    private let logWriter: LogWriter?

    /// - Parameters:
    ///   - files: what is served at `/` and `/w/`; nil for none.
    ///   - log: one line a request; nil for none.
    package init(
        _ instance: Instance, _ configuration: Configuration = Configuration(), files: StaticFiles? = nil,
        log: LogWriter? = nil
    ) {
        self.instance = instance
        self.configuration = configuration
        self.files = files
        logWriter = log
        requestLog = RequestLog(instance, statistics)
        let now = instance.clock.now()
        startedAt = now
        tenantMetrics = TenantMetrics(instance, statistics.registry)
        alertWatch = AlertWatch(instance, statistics, configuration.machine) { tenant in
            if let current = tenant.revisionSlot.current { return current }
            return tenant.revisionSlot.fill(try tenant.store.read { db in try configuration.loadRevision(db) })
        }
        limits = RequestLimits(clock: instance.clock)
        documents = OpenAPICache(version: configuration.version)
        readers = WorkPool(
            "read",
            .init(
                threads: configuration.readThreads, threadsPerOwner: configuration.readThreadsPerTenant,
                queuePerOwner: configuration.readQueue))
        workers = WorkPool(
            "work",
            .init(
                threads: configuration.workThreads, threadsPerOwner: configuration.workThreadsPerTenant,
                queuePerOwner: configuration.workQueue))
        exporters = WorkPool(
            "export",
            .init(
                threads: configuration.exportThreads, threadsPerOwner: configuration.exportThreadsPerTenant,
                queuePerOwner: configuration.exportQueue))
        watchers = EventWatchers(limit: configuration.watchers, limitPerTenant: configuration.watchersPerTenant)
        let reference = ApplicationReference()
        tenantEndpoints = KernelEndpoints.tenant { reference.application } + configuration.furtherEndpoints
        operatorEndpoints = KernelEndpoints.operator { reference.application }
        tenantRouter = Router(tenantEndpoints)
        operatorRouter = Router(operatorEndpoints)
        let conflicts = tenantRouter.conflicts + operatorRouter.conflicts
        precondition(conflicts.isEmpty, conflicts.map(\.message).joined(separator: " "))
        instance.reservedRoutes.reserve(tenantEndpoints)
        if let log {
            instance.scriptLog.connect { line in log.write(line) }
            instance.alerts.connect { news in log.write(news) }
            instance.statements.connect { slow in log.write(slow) }
        }
        reference.application = self
        figures.register(in: statistics.registry, of: self)
    }

    /// Finishes what waits. The HTTP server must have been stopped before.
    package func stop() {
        for watcher in watchers.list { watcher.end() }
        exporters.stop()
        readers.stop()
        workers.stop()
        answers.stop()
        requestLog.stop()
        logWriter?.flush()
    }

    /// Reads that wait for a thread, of all tenants.
    package var waitingReads: Int { readers.waiting }

    /// Exports that wait for a thread, of all tenants.
    package var waitingExports: Int { exporters.waiting }

    // MARK: Routing

    func match(
        _ method: Endpoint.Method, _ inquiry: some Inquiry, isOperator: Bool, _ revision: Revision?
    ) -> Router<Endpoint>.Match {
        inquiry.withPathBytes { match(method, $0, isOperator: isOperator, revision) }
    }

    func match(
        _ method: Endpoint.Method, _ path: UnsafeBufferPointer<UInt8>, isOperator: Bool, _ revision: Revision?
    ) -> Router<Endpoint>.Match {
        if isOperator { return operatorRouter.match(method, path) }
        let own = tenantRouter.match(method, path)
        guard let revision else { return own }
        switch own {
        case .found: return own
        case .none: return revision.router.match(method, path)
        case .otherMethods(let methods):
            switch revision.router.match(method, path) {
            case .found(let endpoint, let parameters): return .found(endpoint, parameters: parameters)
            case .none: return own
            case .otherMethods(let more):
                return .otherMethods(Endpoint.Method.allCases.filter { methods.contains($0) || more.contains($0) })
            }
        }
    }

    /// Everything that a tenant is served, in the order in which it is documented.
    package func endpoints(of revision: Revision?) -> [Endpoint] {
        guard let revision else { return tenantEndpoints }
        // A database that was moved here may hold a plugin that a newer kernel has taken a route from.
        return tenantEndpoints + revision.endpoints.filter { instance.reservedRoutes.holder(of: $0) == nil }
    }

    /// The revision that is in force for a tenant, loaded if need be.
    func revision(of tenant: Tenant) throws -> Revision {
        if let current = tenant.revisionSlot.current { return current }
        return tenant.revisionSlot.fill(try tenant.store.read { db in try configuration.loadRevision(db) })
    }

    // MARK: Log

    func log(_ level: LogLevel, _ event: String, _ members: (inout JSONWriter) -> Void) {
        logWriter?.write(level, event, members)
    }

    /// Looks round: ends the event streams of those who may look no longer, forgets what nobody asks for, writes down what was
    /// gathered. For the housekeeping thread, every second or so.
    package func sweep() {
        let now = instance.clock.now()
        for watcher in watchers.list { watcher.lookAround(now: now) }
        events.sweep(now: now)
        limits.sweep { id in instance.directory.find(id: id)?.store.isOpen ?? false }
        requestLog.flush()
        let isNewDay = purgedOn.withLock { day in
            defer { day = now.utcDate }
            return day != now.utcDate
        }
        // On a worker: every tenant's log is opened once.
        if isNewDay { _ = workers.submit(PurgeWork(self), owner: 0) }
    }
}

/// Removes old rows from the tenants' request logs.
private final class PurgeWork: PooledWork {
    private let application: Application

    init(_ application: Application) {
        self.application = application
    }

    func run() {
        for tenant in application.instance.directory.all {
            do {
                try application.requestLog.purge(tenant, now: application.instance.clock.now())
            } catch {
                application.log(.warning, "request_log.purge_failed") { line in
                    line.member("tenant", tenant.id)
                    line.member("error", String(describing: error))
                }
            }
        }
    }
}

extension Application: HTTPHandler {
    package func head(_ request: HTTPRequest) -> HeadDecision {
        switch request.method {
        case .get, .head, .options, .other: return .handleNow
        case .post, .put, .patch, .delete: return .readBody(limit: bodyLimit(of: request))
        }
    }

    /// The limit of the endpoint that will answer; while that is not known yet, the largest that any may have.
    private func bodyLimit(of request: HTTPRequest) -> Int {
        guard let method = request.verb.method else { return 0 }
        let usual = 1 << 20
        let tenant = instance.directory.find(host: request.host)
        let isOperator = tenant == nil
        let revision = tenant?.revisionSlot.current
        switch match(method, request, isOperator: isOperator, revision) {
        case .found(let endpoint, _): return endpoint.bodyLimit
        case .otherMethods, .none: return tenant != nil && revision == nil ? 16 * usual : usual
        }
    }

    package func handle(_ request: HTTPRequest, _ responder: Responder) {
        if let quick = quickHealth(request) {
            statistics.healthChecks.add()
            return responder.answer(quick)
        }
        if let file = file(for: request) { return responder.answer(file) }
        Exchange(self, request, responder).start()
    }

    /// Pages and what belongs to them, on the hosts of tenants and of the operator.
    private func file(for request: HTTPRequest) -> HTTPResponse? {
        guard let files, request.method == .get || request.method == .head,
            !request.withPathBytes({ $0.starts(with: "/api/".utf8) })
        else { return nil }
        let host = request.host
        guard configuration.operatorHosts.contains(host) || instance.directory.find(host: host) != nil else { return nil }
        if let file = files.response(to: request) { return file }
        guard request.path == "/favicon.ico", files.paths.contains("/w/\(files.digest)/icon.svg") else { return nil }
        return HTTPResponse(status: 302, headers: [("Location", "/w/\(files.digest)/icon.svg"), ("Cache-Control", "no-cache")])
    }

    package func finished(_ request: HTTPRequest, status: Int, bytesOut: Int, nanoseconds: UInt64) {
        // The others were counted and logged when they were answered.
        guard request.isRefused else { return }
        statistics.refusedByGate.add()
        log(.warning, "http.refused") { line in
            line.member("request_id", request.id)
            line.member("address", request.peerAddress)
            line.member("status", Int64(status))
        }
    }
}

/// Lets endpoints find the application that serves them.
private final class ApplicationReference: Sendable {
    private struct Weak {
        weak var application: Application?
    }

    private let slot = Mutex(Weak())

    var application: Application {
        get {
            guard let application = slot.withLock({ $0.application }) else {
                preconditionFailure("an endpoint outlived its application")
            }
            return application
        }
        set { slot.withLock { $0.application = newValue } }
    }
}
