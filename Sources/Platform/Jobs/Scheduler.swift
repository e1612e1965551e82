import Core
import Scripting
import Storage

/// Sees to it that what is due is done: jobs by their schedules, queued work, messages that go out. One for each process.
///
/// It knows for each tenant when something is due next, and submits a `JobTurn` to its lane then; `fetch` and deliveries run
/// on threads of their own. Nothing in here is a promise: what is due is in the tenant's database, and what was lost with the
/// process is found again at the next start (`Scheduler+Wakes.swift`).
///
/// `@unchecked Sendable`: everything that changes is read and written under the monitor.
package final class Scheduler: @unchecked Sendable {
    /// What is known of a tenant.
    struct Place {
        /// When something is due next; nil for never.
        var wake: Instant?
        /// A turn is in the lane.
        var isBusy = false
        /// Something came while it was.
        var isStale = false
        var fetching: Set<Int64> = []
        var fetched: [FetchedStep] = []
        var sending: Set<Int64> = []
        var memo = ScheduleMemo()
        /// After turns that came to nothing: not before, on `monotonicNanoseconds`.
        var restsUntil: UInt64 = 0
        var failures = 0
        /// Its database was open since its next time was stored.
        var isUnsaved = false
        /// It was opened only to look, and is closed again.
        var isProbe = false
        /// How often it was in use when it was to be closed again.
        var probeTries = 0
    }

    /// Turns in lanes at the same time.
    private static let mostTurns = 16
    /// Databases opened only to look, at the same time.
    private static let mostProbes = 8
    /// Messages of one tenant under way.
    private static let mostMessages = 4
    private static let restNanoseconds: UInt64 = 50_000_000

    let clock: any Clock
    let directory: TenantDirectory
    let system: SystemStore
    private let events: EventBus
    let monitor = Monitor()
    var places: [Int64: Place] = [:]
    private var turns = 0
    private var lastTick = Instant.earliest
    private var hasNews = false
    private var isStopping = false
    private var isEnded = true
    private let fetchers = WorkerThreads(name: "fetch", count: 4)
    private let senders = WorkerThreads(name: "send", count: 8)
    private let courier: Courier

    init(clock: any Clock, directory: TenantDirectory, system: SystemStore, events: EventBus, courier: Courier) {
        self.clock = clock
        self.directory = directory
        self.system = system
        self.events = events
        self.courier = courier
    }

    // MARK: Asking

    /// Something may be due at the tenant: called inside the transaction that brings it, or after it, from anywhere. The turn
    /// that looks comes after that transaction in the lane.
    package func signal(_ tenant: Int64) {
        monitor.locked {
            places[tenant, default: Place()].wake = .earliest
            places[tenant]?.isStale = true
            places[tenant]?.isUnsaved = true
            tell()
        }
    }

    /// When something is due next at the tenant, as far as is known.
    package func wake(of tenant: Int64) -> Instant? { monitor.locked { places[tenant]?.wake } }

    private func tell() {
        hasNews = true
        monitor.wakeAll()
    }

    // MARK: Running

    /// Whether somebody serves: `start` was called, and `stop` was not.
    package var isRunning: Bool { monitor.locked { !isEnded } }

    /// Begins to look after the tenants, on a thread of its own.
    package func start() {
        monitor.locked { isEnded = false }
        Thread.start(name: "jobs", stackBytes: 1 << 20) { [self] in
            recoverWakes()
            var saved = monotonicNanoseconds()
            while !monitor.locked({ isStopping }) {
                tick()
                closeProbes()
                let now = monotonicNanoseconds()
                if now - saved > 1_000_000_000 {
                    saved = now
                    saveWakes()
                }
                sleep()
            }
            monitor.locked {
                isEnded = true
                monitor.wakeAll()
            }
        }
    }

    /// Lets nothing new begin and waits for the thread; deliveries under way are not waited for.
    package func stop() {
        fetchers.stop()
        senders.stop()
        monitor.locked {
            isStopping = true
            tell()
            while !isEnded { monitor.wait() }
        }
    }

    /// Does what is due now at all tenants that were signalled or are known, and returns when nothing more is, or where it
    /// fails again and again: for tests and the command line.
    package func settle() {
        while true {
            tick()
            closeProbes()
            let isDone = monitor.locked { () -> Bool in
                let now = clock.now()
                let isQuiet = places.values.allSatisfy {
                    $0.failures > 3 || !$0.isBusy && $0.fetching.isEmpty && $0.fetched.isEmpty && $0.sending.isEmpty && $0.wake.map { now < $0 } ?? true
                }
                if isQuiet || isStopping { return true }
                if !hasNews { _ = monitor.wait(until: monotonicNanoseconds() + 10_000_000) }
                hasNews = false
                return false
            }
            if isDone { return }
        }
    }

    private func sleep() {
        monitor.locked {
            if !hasNews {
                let now = clock.now()
                let next = places.values.filter { !$0.isBusy }.compactMap(\.wake).min()
                let milliseconds = min(1_000, max(1, next.map { now.milliseconds(until: $0) } ?? 1_000))
                _ = monitor.wait(until: monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000)
            }
            hasNews = false
        }
    }

    /// Submits a turn for every tenant where something is due.
    func tick() {
        let now = clock.now()
        let ticks = monotonicNanoseconds()
        let due: [(Int64, Place)] = monitor.locked {
            var due: [(Int64, Place)] = []
            guard !isStopping else { return [] }
            // The clock was set back: what was known of times to come holds no longer.
            if now < lastTick { for id in places.keys { places[id]?.wake = .earliest } }
            lastTick = now
            var probes = places.values.count { $0.isProbe && ($0.isBusy || $0.wake != .earliest) }
            for (id, place) in places where !place.isBusy && place.restsUntil <= ticks && place.wake.map({ $0 <= now }) ?? false {
                if turns >= Self.mostTurns { break }
                if place.isProbe {
                    if probes >= Self.mostProbes { continue }
                    probes += 1
                }
                due.append((id, place))
                turns += 1
                places[id]?.isBusy = true
                places[id]?.isStale = false
                places[id]?.fetched = []
            }
            return due
        }
        for (id, place) in due {
            guard let tenant = directory.find(id: id), tenant.isActive, tenant.readOnlyMark == nil else {
                finished(id, place, nil, tenant: nil)
                continue
            }
            let turn = JobTurn(
                tenant, clock: clock, memo: place.memo, fetched: place.fetched, fetching: place.fetching, sending: place.sending,
                room: Self.mostMessages - place.sending.count
            ) { [weak self] outcome in self?.finished(id, place, outcome, tenant: tenant) }
            do {
                try tenant.store.submit(turn)
            } catch {
                finished(id, place, nil, tenant: tenant)
            }
        }
    }

    /// - Parameter outcome: nil when the turn came to nothing.
    private func finished(_ id: Int64, _ before: Place, _ outcome: JobTurnOutcome?, tenant: Tenant?) {
        monitor.locked {
            turns -= 1
            guard var place = places[id] else { return tell() }
            place.isBusy = false
            place.isUnsaved = true
            if let outcome {
                place.memo = outcome.memo
                place.failures = 0
                place.wake = place.isStale || !place.fetched.isEmpty ? .earliest : outcome.next
                place.fetching.formUnion(outcome.fetches.map(\.row.id))
                place.sending.formUnion(outcome.deliveries.map(\.id))
            } else if tenant == nil {
                // Gone, not active, or read-only: it is looked at again when it is no more.
                place.wake = nil
            } else {
                place.fetched = before.fetched + place.fetched
                place.wake = .earliest
                // From 50 ms to a minute: the lane was full, the disk is, or a rule file is broken.
                place.failures += 1
                place.restsUntil = monotonicNanoseconds() + min(60_000_000_000, Self.restNanoseconds << UInt64(min(place.failures - 1, 12)))
            }
            places[id] = place
            tell()
        }
        guard let outcome, let tenant else { return }
        for news in outcome.news { events.publish(tenant: id, "job.progress", news, permission: "jobs.view") }
        for fetch in outcome.fetches { fetchers.submit(owner: id) { [weak self] in self?.fetch(fetch, tenant) } }
        for message in outcome.deliveries { senders.submit(owner: id) { [weak self] in self?.send(message, tenant) } }
    }

    // MARK: Beside the lane

    private func fetch(_ fetch: JobFetch, _ tenant: Tenant) {
        let result = Result { try FetchRun.run(fetch, tenant, clock: clock, courier: courier) }
        let step = FetchedStep(jobID: fetch.row.id, cursor: fetch.row.cursor, slices: fetch.row.slices, result: result)
        monitor.locked {
            places[tenant.id]?.fetching.remove(fetch.row.id)
            places[tenant.id]?.fetched.append(step)
            places[tenant.id]?.wake = .earliest
            tell()
        }
    }

    private func send(_ message: OutboxMessage, _ tenant: Tenant) {
        let report = courier.deliver(message, tenant)
        let settlement = OutboxSettlement(message, report, clock: clock) { [weak self] in
            self?.monitor.locked {
                self?.places[tenant.id]?.sending.remove(message.id)
                self?.places[tenant.id]?.wake = .earliest
                self?.places[tenant.id]?.isStale = true
                self?.tell()
            }
        }
        // A lane that is full or a database that is being restored takes it later; with the process its knowledge goes, and the
        // message is delivered again under its key.
        for _ in 0..<1_200 {
            do {
                return try tenant.store.submit(settlement)
            } catch {
                if monitor.locked({ isStopping }) { return settlement.abandon() }
                Pause.milliseconds(50)
            }
        }
        settlement.abandon()
    }
}
