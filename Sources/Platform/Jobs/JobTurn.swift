import Core
import Scripting
import Storage

/// A job's `fetch` that is to be done on a worker.
struct JobFetch: Sendable {
    let row: JobRow
    let job: JobDeclaration
    let revision: Revision
}

/// What a `fetch` gave, on its way back to the lane.
struct FetchedStep: Sendable {
    let jobID: Int64
    let cursor: Value
    let slices: Int
    let result: Result<Value, any Error>
}

/// What a turn left for the time after its commit.
struct JobTurnOutcome: Sendable {
    /// When something is due next; nil for never.
    var next: Instant?
    var fetches: [JobFetch] = []
    var deliveries: [OutboxMessage] = []
    /// Told to those who watch.
    var news: [Value] = []
    var memo = ScheduleMemo()
}

/// When the schedules were looked at last, so that most turns need not.
struct ScheduleMemo: Sendable {
    var revisionID: Int64 = -1
    var zone = ""
    var seenAt = Instant.latest
    var next: Instant?

    func holds(_ revision: Revision, _ zone: TimeZone, _ now: Instant) -> Bool {
        revisionID == revision.id && self.zone == zone.name && now >= seenAt && next.map { now < $0 } ?? true
    }
}

/// The work of one tenant's jobs and outbox in one turn of its lane: due schedules are queued, some short steps or one long
/// one are taken, messages are claimed. Then others have their turn.
///
/// `@unchecked Sendable`: its parts are touched by the lane's thread, and by nobody else until `finished`.
final class JobTurn: LaneWork, @unchecked Sendable {
    private static let nanoseconds: UInt64 = 5_000_000
    private static let mostSteps = 64

    private let tenant: Tenant
    private let clock: any Clock
    private let fetched: [FetchedStep]
    private let fetching: Set<Int64>
    private let sending: Set<Int64>
    private let room: Int
    private let done: @Sendable (JobTurnOutcome?) -> Void
    private var outcome: JobTurnOutcome

    /// - Parameters:
    ///   - fetching: jobs whose `fetch` is under way.
    ///   - sending: messages that are under way.
    ///   - room: how many more messages may be claimed.
    init(
        _ tenant: Tenant, clock: any Clock, memo: ScheduleMemo, fetched: [FetchedStep], fetching: Set<Int64>, sending: Set<Int64>,
        room: Int, done: @escaping @Sendable (JobTurnOutcome?) -> Void
    ) {
        self.tenant = tenant
        self.clock = clock
        self.fetched = fetched
        self.fetching = fetching
        self.sending = sending
        self.room = room
        self.done = done
        outcome = JobTurnOutcome()
        outcome.memo = memo
    }

    func perform(_ db: Connection) throws {
        // What is due waits; whoever lets changes go on wakes it.
        guard try !tenant.isReadOnly(db) else { return }
        let now = clock.now()
        let revision = try revision(db)
        if !outcome.memo.holds(revision, tenant.timeZone, now) {
            let next = try Schedules(db: db, zone: tenant.timeZone, revision: revision).queueDue(at: now)
            outcome.memo = ScheduleMemo(revisionID: revision.id, zone: tenant.timeZone.name, seenAt: now, next: next)
        }
        try takeSteps(db, revision, now)
        outcome.deliveries = try Outbox(db).claim(at: now, without: sending, limit: room)
        outcome.next = try next(db)
    }

    /// What runs by what the database says: a publish in the same turn is in force for a job at once.
    private func revision(_ db: Connection) throws -> Revision {
        let library = RevisionLibrary(db)
        let (id, contents) = try library.currentContents()
        if let current = tenant.revisionSlot.current, current.id == id { return current }
        return try library.revision(id: id, contents)
    }

    private func takeSteps(_ db: Connection, _ revision: Revision, _ now: Instant) throws {
        let started = monotonicNanoseconds()
        let queue = JobQueue(db)
        var away = fetching
        for step in fetched {
            away.remove(step.jobID)
            guard let row = try queue.find(step.jobID), row.state.isOpen, row.cursor == step.cursor, row.slices == step.slices else { continue }
            outcome.news.append(
                try JobStep(db: db, tenant: tenant, revision: revision, clock: clock, row: row).perform(fetched: step.result))
        }
        var steps = fetched.count
        while steps < Self.mostSteps, monotonicNanoseconds() - started < Self.nanoseconds, let row = try queue.ready(at: now, without: away) {
            steps += 1
            if case .job(let job)? = JobStep.target(row, revision), job.hasFetch {
                away.insert(row.id)
                outcome.fetches.append(JobFetch(row: row, job: job, revision: revision))
                continue
            }
            outcome.news.append(try JobStep(db: db, tenant: tenant, revision: revision, clock: clock, row: row).perform(fetched: nil))
        }
        self.away = away
    }

    private var away: Set<Int64> = []

    private func next(_ db: Connection) throws -> Instant? {
        let busy = sending.union(outcome.deliveries.map(\.id))
        // While no message may be claimed, one that comes back wakes the lane.
        let message = room > outcome.deliveries.count ? try Outbox(db).nextDue(without: busy) : nil
        return [outcome.memo.next, try JobQueue(db).nextDue(without: away), message].compactMap(\.self).min()
    }

    func refused(_ error: any Error, _ db: Connection) throws {}

    func finished(_ outcome: LaneOutcome) {
        switch outcome {
        case .committed: done(self.outcome)
        case .refused, .failed: done(nil)
        }
    }
}
