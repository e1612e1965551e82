import Core
import Platform
import Storage
import Synchronization

/// Looks each minute at what the operator wants to be told of, and raises and clears alerts: databases that fail, copies that
/// fail, work that fails or stands still, endpoints that fail, disk and memory that run out.
package final class AlertWatch: Sendable {
    package enum Condition {
        package static let databaseFailed = "database.failed"
        package static let backupFailed = "backup.failed"
        package static let automationFailed = "automation.failed"
        package static let automationStopped = "automation.stopped"
        package static let requestsFailing = "requests.failing"
        package static let diskLow = "disk.low"
        package static let memoryHigh = "memory.high"
    }

    private struct State {
        /// Of the last looks, oldest first: what each endpoint had answered.
        var answers: [(at: Instant, counts: [String: RequestStatistics.Answers])] = []
        var sleepersLookedAt: Instant?
    }

    /// What is counted as "of late" for an endpoint's errors.
    private static let windowSeconds: Int64 = 300
    /// How often businesses that sleep are looked at.
    private static let sleepersSeconds: Int64 = 3_600

    private let instance: Instance
    private let statistics: RequestStatistics
    private let machine: MachineFigures
    /// Reads the revision of a business that is awake.
    private let revision: @Sendable (Tenant) throws -> Revision
    private let state = Mutex(State())
    private var alerts: Alerts { instance.alerts }

    init(
        _ instance: Instance, _ statistics: RequestStatistics, _ machine: MachineFigures,
        revision: @escaping @Sendable (Tenant) throws -> Revision
    ) {
        self.instance = instance
        self.statistics = statistics
        self.machine = machine
        self.revision = revision
    }

    /// Looks at everything once, stores what is new and sends what is due. Waits for disks and mail servers.
    /// - Throws: what keeps the system's own database from being read.
    package func look() throws {
        let now = instance.clock.now()
        let settings = try alerts.settings()
        lookAtMachine(settings)
        try lookAtDatabases()
        try lookAtBackups()
        try lookAtRequests(settings, now: now)
        try lookAtAutomation(settings, now: now)
        try alerts.look()
        alerts.settle()
    }

    private func set(_ isWrong: Bool, _ condition: String, tenant: Int64? = nil, subject: String = "", _ detail: @autoclosure () -> String) {
        if isWrong {
            alerts.raise(condition, tenant: tenant, subject: subject, detail())
        } else {
            alerts.clear(condition, tenant: tenant, subject: subject)
        }
    }

    private func lookAtMachine(_ settings: AlertSettings) {
        if let space = machine.space(instance.dataPath), space.total > 0 {
            // Not multiplied: a disk may have more bytes than a hundredth of what an integer holds.
            let percent = space.free / max(1, space.total / 100)
            set(
                percent < settings.diskFreePercent, Condition.diskLow,
                "\(percent) % of the disk of \(instance.dataPath) is free (\(space.free >> 20) of \(space.total >> 20) MiB); \(settings.diskFreePercent) % should be. Make room, or give it a larger disk."
            )
        }
        if let memory = machine.memory(), memory.total > 0 {
            let percent = memory.used / max(1, memory.total / 100)
            set(
                percent > settings.memoryPercent, Condition.memoryHigh,
                "\(percent) % of the memory is used (\(memory.used >> 20) of \(memory.total >> 20) MiB); \(settings.memoryPercent) % is the limit.")
        }
    }

    private func lookAtDatabases() throws {
        var failed: Set<Int64?> = []
        for (id, store, name) in [(nil, instance.system.store, "the system")] + instance.directory.all.map({ (Int64?.some($0.id), $0.store, $0.domain) }) {
            guard let failure = store.failure else { continue }
            failed.insert(id)
            alerts.raise(Condition.databaseFailed, tenant: id, "The database of \(name) takes no changes. \(failure.problem.detail)")
        }
        for key in try alerts.open(Condition.databaseFailed) where !failed.contains(key.tenantID) { alerts.clear(key) }
    }

    private func lookAtBackups() throws {
        var failed: Set<Int64?> = []
        for (id, name) in [(nil, "the system")] + instance.directory.all.map({ (Int64?.some($0.id), $0.domain) }) {
            guard let failure = instance.backupLog.failure(tenantID: id) else { continue }
            failed.insert(id)
            alerts.raise(Condition.backupFailed, tenant: id, "The last copy of \(name) failed: \(failure.detail) kontor backup status tells more.")
        }
        // With a subject it is somebody else's, who clears it.
        for key in try alerts.open(Condition.backupFailed) where key.subject.isEmpty && !failed.contains(key.tenantID) { alerts.clear(key) }
    }

    private func lookAtRequests(_ settings: AlertSettings, now: Instant) throws {
        let counts = statistics.answers
        let before = state.withLock { state in
            state.answers.append((now, counts))
            // The newest that is old enough is where the window begins.
            while state.answers.count > 2, state.answers[1].at.adding(seconds: Self.windowSeconds) <= now { state.answers.removeFirst() }
            return state.answers[0].counts
        }
        var failing: Set<String> = []
        for (endpoint, answers) in counts {
            let total = answers.total - (before[endpoint]?.total ?? 0)
            let errors = answers.errors - (before[endpoint]?.errors ?? 0)
            guard total >= Int(settings.errorRequests), errors * 100 > total * Int(settings.errorPercent) else { continue }
            failing.insert(endpoint)
            alerts.raise(
                Condition.requestsFailing, subject: endpoint,
                "\(endpoint) answered 500 or above \(errors) times of \(total) within five minutes. kontor logs --level error tells why.")
        }
        for key in try alerts.open(Condition.requestsFailing) where !failing.contains(key.subject) { alerts.clear(key) }
    }

    // MARK: Automation

    private func lookAtAutomation(_ settings: AlertSettings, now: Instant) throws {
        let alsoSleepers = state.withLock { state in
            guard state.sleepersLookedAt.map({ $0.adding(seconds: Self.sleepersSeconds) <= now }) ?? true else { return false }
            state.sleepersLookedAt = now
            return true
        }
        for tenant in instance.directory.all where tenant.isActive && tenant.store.failure == nil {
            let wasOpen = tenant.store.isOpen
            guard wasOpen || alsoSleepers else { continue }
            // What cannot be read is told as a failing database, at the next look.
            guard let found = try? AutomationState.read(tenant, try revision(tenant), hours: settings.automationHours, now: now) else { continue }
            report(found.failed, Condition.automationFailed, tenant, try alerts.open(Condition.automationFailed))
            report(found.stopped, Condition.automationStopped, tenant, try alerts.open(Condition.automationStopped))
            if !wasOpen { tenant.store.closeIfIdle() }
        }
    }

    private func report(_ found: [AutomationState.Finding], _ condition: String, _ tenant: Tenant, _ open: [Alert.Key]) {
        for finding in found {
            alerts.raise(condition, tenant: tenant.id, subject: finding.subject, finding.detail, evidence: finding.at)
        }
        let subjects = Set(found.map(\.subject))
        for key in open where key.tenantID == tenant.id && !subjects.contains(key.subject) { alerts.clear(key) }
    }
}
