import Core
import Synchronization

/// Something that happened in a tenant, told to whoever watches at the moment: progress of a job, a scan, a printed slip.
///
/// Events are news, not records: they are not stored, and a watcher that was away too long is told to look again.
package struct TenantEvent: Sendable {
    /// Rises within an installation, over restarts too.
    package let id: Int64
    /// `job.progress`, `device.scan`
    package let name: String
    /// JSON
    package let data: [UInt8]
    /// Only those see it who hold this permission,
    package let permission: String?
    /// who are members of this branch,
    package let branchID: Int64?
    /// and who are this user.
    package let userID: Int64?

    package func isVisible(to principal: Principal) -> Bool {
        if let permission, !principal.may(permission) { return false }
        if let branchID, !principal.isMember(of: branchID) { return false }
        if let userID, principal.userID != userID { return false }
        return true
    }
}

/// Carries events from where they happen to those who watch, tenant by tenant. Nothing waits: a slow watcher misses events and
/// learns that it did.
package final class EventBus: Sendable {
    /// The newest events of a tenant that are kept for watchers that come back.
    package static let recentLimit = 128
    /// Events that wait for one watcher.
    package static let waitingLimit = 256
    /// A tenant that nobody watches any more is forgotten after this time.
    private static let lingerMilliseconds: Int64 = 120_000

    fileprivate struct Channel {
        var recent: [TenantEvent] = []
        /// Events up to this id may be missing from `recent`.
        var floor: Int64
        var subscriptions: [EventSubscription] = []
        var unwatchedSince: Instant?
    }

    fileprivate struct State {
        var lastID: Int64
        var channels: [Int64: Channel] = [:]
    }

    private let state: Mutex<State>

    /// - Parameter now: ids start after it, so that an id from before a restart is never mistaken for a newer one.
    package init(now: Instant) {
        state = Mutex(State(lastID: now.milliseconds * 1_000))
    }

    /// Call it after the commit, and from anywhere: it neither blocks nor fails. Costs next to nothing where nobody watches.
    package func publish(
        tenant: Int64, _ name: String, _ data: Value, permission: String? = nil, branch: Int64? = nil, user: Int64? = nil
    ) {
        let woken: [EventSubscription] = state.withLock { state in
            guard state.channels[tenant] != nil else { return [] }
            state.lastID += 1
            let event = TenantEvent(
                id: state.lastID, name: name, data: JSON.serialize(data), permission: permission, branchID: branch, userID: user)
            return state.channels[tenant]?.append(event) ?? []
        }
        for subscription in woken { subscription.wake() }
    }

    /// - Parameters:
    ///   - last: the id of the last event that the watcher saw; it gets what came after, or `missed` when that is gone.
    ///   - wake: called after events were added, on any thread, more than once at a time; it should take them soon.
    package func subscribe(tenant: Int64, after last: Int64? = nil, wake: @escaping @Sendable () -> Void) -> EventSubscription {
        let subscription = EventSubscription(tenant: tenant, wake: wake)
        state.withLock { state in
            var channel = state.channels[tenant] ?? Channel(floor: state.lastID)
            if let last {
                if last < channel.floor || last > state.lastID { subscription.markMissed() }
                for event in channel.recent where event.id > last { subscription.add(event) }
            }
            channel.subscriptions.append(subscription)
            channel.unwatchedSince = nil
            state.channels[tenant] = channel
        }
        return subscription
    }

    package func cancel(_ subscription: EventSubscription, now: Instant) {
        state.withLock { state in
            state.channels[subscription.tenant]?.subscriptions.removeAll { $0 === subscription }
            if state.channels[subscription.tenant]?.subscriptions.isEmpty == true {
                state.channels[subscription.tenant]?.unwatchedSince = now
            }
        }
    }

    /// Forgets tenants that nobody has watched for two minutes.
    package func sweep(now: Instant) {
        state.withLock { state in
            state.channels = state.channels.filter { _, channel in
                guard let since = channel.unwatchedSince else { return true }
                return now.milliseconds - since.milliseconds < Self.lingerMilliseconds
            }
        }
    }

    package var watcherCount: Int {
        state.withLock { $0.channels.values.reduce(0) { $0 + $1.subscriptions.count } }
    }
}

extension EventBus.Channel {
    fileprivate mutating func append(_ event: TenantEvent) -> [EventSubscription] {
        if recent.count == EventBus.recentLimit { floor = recent.removeFirst().id }
        recent.append(event)
        for subscription in subscriptions { subscription.add(event) }
        return subscriptions
    }
}

/// One watcher's queue.
package final class EventSubscription: Sendable {
    package let tenant: Int64
    fileprivate let wake: @Sendable () -> Void
    private let queue = Mutex<(events: [TenantEvent], missed: Bool)>(([], false))

    fileprivate init(tenant: Int64, wake: @escaping @Sendable () -> Void) {
        self.tenant = tenant
        self.wake = wake
    }

    fileprivate func add(_ event: TenantEvent) {
        queue.withLock { queue in
            if queue.events.count == EventBus.waitingLimit {
                queue.events.removeFirst()
                queue.missed = true
            }
            queue.events.append(event)
        }
    }

    fileprivate func markMissed() {
        queue.withLock { $0.missed = true }
    }

    /// What waits, oldest first, and whether anything before it was lost.
    package func take() -> (events: [TenantEvent], missed: Bool) {
        queue.withLock { queue in
            let taken = queue
            queue = ([], false)
            return taken
        }
    }
}
