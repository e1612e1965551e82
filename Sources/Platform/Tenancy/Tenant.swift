import Core
import Storage
import Synchronization

/// One business: its database, what runs for it, and who is known to it.
///
/// There is one object for each tenant while the server runs. It is small: the database is opened when it is asked for and
/// closed when it rests, and the caches go with it.
package final class Tenant: Sendable {
    package let id: Int64
    package let currency: Currency
    /// Its database: one lane for writes, readers beside it.
    package let store: Store
    /// What runs for the tenant now; the next revision is put here when it is published.
    package let revisionSlot: RevisionSlot
    let services: TenantServices
    let identity = IdentityCache()
    /// Which hooks keep failing.
    package let hookBreaker = HookBreaker()
    /// Names that somebody tried to sign in with and that nobody has.
    let unknownNames = FailedNames()
    /// Which requests of routes are recorded.
    let requestSampler = RequestSampler()
    /// Whether it takes changes.
    let writability = Writability()
    private let current: Mutex<TenantFacts>

    init(_ facts: TenantFacts, store: Store, services: TenantServices) {
        let id = facts.id
        self.id = id
        self.services = services
        // Schedules may have come, changed or gone.
        revisionSlot = RevisionSlot { services.signal(id) }
        currency = facts.currency
        self.store = store
        current = Mutex(facts)
    }

    package var facts: TenantFacts { current.withLock { $0 } }
    package var name: String { current.withLock { $0.name } }
    package var domain: String { current.withLock { $0.domain } }
    package var status: TenantFacts.Status { current.withLock { $0.status } }
    package var isActive: Bool { status == .active }
    package var subscriptionTier: String { current.withLock { $0.subscriptionTier } }
    package var country: String { current.withLock { $0.country } }
    package var timeZone: TimeZone { current.withLock { $0.timeZone } }
    package var isSandbox: Bool { current.withLock { $0.isSandbox } }
    package var locale: String { current.withLock { $0.locale } }

    /// The business date: the calendar's in the tenant's time zone.
    package func today(_ now: Instant) -> CalendarDate { timeZone.date(of: now) }

    /// Seals and opens what is the tenant's. Its database was opened before: who asks has it at hand.
    var box: TenantBox { services.boxes.box(of: id) }

    func update(_ facts: TenantFacts) {
        precondition(
            facts.id == id && facts.currency == currency && facts.isSandbox == isSandbox,
            "A tenant keeps its id, its currency, and what it is for")
        current.withLock { $0 = facts }
    }

    /// Something may be due: called inside the transaction that brings it, or after it.
    package func wake() { services.signal(id) }

    /// Announces, inside a transaction of this tenant, that it changes users, roles, grants, tokens, sessions or branches.
    ///
    /// From here to the commit or rollback every request reads credentials from the database, and nothing that was known
    /// before is trusted again. So what is revoked is refused from the commit on, however the transaction was begun.
    /// - Throws: 429 when the lane's queue is full; nothing must be changed then.
    package func identityWillChange() throws {
        identity.beginChange()
        do {
            try store.submit(IdentityChange(identity))
        } catch {
            identity.endChange()
            throw error
        }
    }

    /// Forgets what can be read again: before it sleeps, and after its database was replaced.
    package func rest() {
        identity.drop()
        unknownNames.drop()
        revisionSlot.drop()
        hookBreaker.drop()
        requestSampler.drop()
        writability.drop()
    }
}

/// Follows a change of identity through the lane. It is queued behind the work that changes, so it finishes after that work
/// was committed or rolled back.
private final class IdentityChange: LaneWork {
    private let cache: IdentityCache

    init(_ cache: IdentityCache) { self.cache = cache }

    func perform(_ db: Connection) throws {}
    func refused(_ error: any Error, _ db: Connection) throws {}
    func finished(_ outcome: LaneOutcome) { cache.endChange() }
}

/// Failed log-ins under names that nobody has, so that they are locked out like real ones and tell nobody apart.
final class FailedNames: Sendable {
    private struct Failures {
        var count: Int
        var until: Int64
    }

    private static let capacity = 1_000
    private let names = Mutex<[String: Failures]>([:])

    /// Counts one more failure and returns when the lock ends, in milliseconds since 1970; 0 while it is open.
    func fail(_ name: String, now: Int64, limit: Int, lockMilliseconds: Int64) -> Int64 {
        names.withLock { names in
            if names.count >= Self.capacity { names = [:] }
            var failures = names[name] ?? Failures(count: 0, until: 0)
            failures.count += 1
            if failures.count >= limit {
                failures.count = 0
                failures.until = now + lockMilliseconds
            }
            names[name] = failures
            return failures.until
        }
    }

    func lockedUntil(_ name: String) -> Int64 { names.withLock { $0[name]?.until ?? 0 } }
    func drop() { names.withLock { $0 = [:] } }
}
