import Core
import Platform
import Synchronization

/// One connection that watches events. Now and then it sees to it that its user may still look.
final class EventWatcher: Sendable {
    private struct State {
        var sink: (any ByteSink)?
        var subscription: EventSubscription?
        var isClosed = false
        /// Whether it stands in the readers' queue.
        var isQueued = false
        var principal: Principal?
        var lookedAt: Instant?
    }

    /// How old the knowledge of a user's rights may be while events come, and while none do.
    private static let busyMilliseconds: Int64 = 1_000
    private static let idleMilliseconds: Int64 = 15_000

    private let application: Application
    private let inquiry: any Inquiry
    private let tenant: Tenant
    private let given: Principal?
    private let state = Mutex(State())

    init(_ exchange: Exchange, _ tenant: Tenant) {
        application = exchange.application
        inquiry = exchange.inquiry
        given = exchange.given
        self.tenant = tenant
    }

    /// Has it looked whether the user may still watch, unless that was done a short while ago.
    func lookAround(now: Instant) {
        let isDue = state.withLock { $0.lookedAt.map { $0.milliseconds(until: now) >= Self.idleMilliseconds } ?? true }
        if isDue { wake() }
    }

    func open(_ sink: any ByteSink, _ subscription: EventSubscription) {
        let isClosed = state.withLock { state in
            state.subscription = subscription
            if !state.isClosed { state.sink = sink }
            return state.isClosed
        }
        if isClosed { return close() }
        _ = sink.write(Array("retry: 2000\n\n".utf8), wait: 0)
        wake()
    }

    /// Has what waits sent soon, on a thread that may read the database. Any number of calls are one piece of work.
    func wake() {
        let mustQueue = state.withLock { state in
            if state.isQueued || state.isClosed { return false }
            state.isQueued = true
            return true
        }
        guard mustQueue, !application.readers.submit(self, owner: tenant.id) else { return }
        // Too much waits; the next event, or the next look round, tries again.
        state.withLock { $0.isQueued = false }
    }

    /// Whether there is room for one more. Whoever gets it closes the watcher in the end.
    func admit() -> Bool { application.watchers.add(self, tenant: tenant.id) }

    /// Ends the stream from this side.
    func end() {
        state.withLock { $0.sink }?.close()
        close()
    }

    func close() {
        let subscription = state.withLock { state in
            defer {
                state.isClosed = true
                state.subscription = nil
                state.sink = nil
            }
            return state.subscription
        }
        if let subscription { application.events.cancel(subscription, now: application.instance.clock.now()) }
        application.watchers.remove(self, tenant: tenant.id)
    }

    private static func append(_ event: TenantEvent, to bytes: inout [UInt8]) {
        bytes += Array("id: \(event.id)\nevent: ".utf8)
        bytes += event.name.utf8.filter { $0 >= 0x20 }
        bytes += Array("\ndata: ".utf8)
        // JSON as we write it has no line breaks.
        bytes += event.data
        bytes += [0x0A, 0x0A]
    }
}

extension EventWatcher: PooledWork {
    func run() {
        let (sink, subscription) = state.withLock { state in
            state.isQueued = false
            return (state.sink, state.subscription)
        }
        guard let sink, let subscription else { return }
        guard let principal = look(), principal.kind != .anonymous, tenant.isActive else { return end() }
        // Two threads may come here at once; what they take, they send in the order in which they took it.
        let isOpen = state.withLock { _ in
            let (events, missed) = subscription.take()
            var bytes: [UInt8] = []
            if missed { bytes += Array("event: reset\ndata: {}\n\n".utf8) }
            for event in events where event.isVisible(to: principal) { Self.append(event, to: &bytes) }
            return bytes.isEmpty || sink.write(bytes, wait: 0)
        }
        if !isOpen { close() }
    }

    /// Who watches, and what they may see; nil when they may no longer.
    private func look() -> Principal? {
        if let given { return given }
        let now = application.instance.clock.now()
        let (known, lookedAt) = state.withLock { ($0.principal, $0.lookedAt) }
        if let known, let lookedAt, lookedAt.milliseconds(until: now) < Self.busyMilliseconds { return known }
        guard let principal = try? application.watcher(of: inquiry, tenant, now) else { return nil }
        state.withLock { state in
            state.principal = principal
            state.lookedAt = now
        }
        return principal
    }
}

/// All that watch, for the look round and the end; only so many, as each holds a connection.
final class EventWatchers: Sendable {
    private struct State {
        var all: [ObjectIdentifier: EventWatcher] = [:]
        var counts: [Int64: Int] = [:]
    }

    private let limit: Int
    private let limitPerTenant: Int
    private let state = Mutex(State())

    init(limit: Int, limitPerTenant: Int) {
        self.limit = limit
        self.limitPerTenant = limitPerTenant
    }

    /// - Returns: false when there are too many already.
    func add(_ watcher: EventWatcher, tenant: Int64) -> Bool {
        state.withLock { state in
            guard state.all.count < limit, state.counts[tenant, default: 0] < limitPerTenant else { return false }
            state.all[ObjectIdentifier(watcher)] = watcher
            state.counts[tenant, default: 0] += 1
            return true
        }
    }

    func remove(_ watcher: EventWatcher, tenant: Int64) {
        state.withLock { state in
            guard state.all.removeValue(forKey: ObjectIdentifier(watcher)) != nil else { return }
            let left = state.counts[tenant, default: 0] - 1
            state.counts[tenant] = left > 0 ? left : nil
        }
    }

    var list: [EventWatcher] { state.withLock { Array($0.all.values) } }
}
