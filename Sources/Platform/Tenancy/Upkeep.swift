import Core
import Storage

/// A turn of a tenant's lane that removes what has outlived its time, a bounded number of rows at once.
final class Upkeep: LaneWork {
    private let now: Instant

    init(_ now: Instant) { self.now = now }

    func perform(_ db: Connection) throws {
        try Idempotency.purge(db, now: now)
        try Refusals.purge(db, now: now)
        try Sessions.purge(db, now: now)
        try JobQueue.purge(db, now: now)
        try Outbox.purge(db, now: now)
        try StoredFiles.sweep(db, now: now)
    }

    func refused(_ error: any Error, _ db: Connection) throws {}
    func finished(_ outcome: LaneOutcome) {}
}
