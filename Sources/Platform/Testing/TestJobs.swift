import Core
import Scripting
import Storage

/// The jobs of a test: on its own connection, by its own clock, one after the other.
extension TestRun {
    /// Runs of one kind that a test's `run_due` does at most: what queues itself without end is told.
    private static let mostSteps = 10_000

    private var queue: JobQueue { JobQueue(db) }

    /// Schedules begin anew: those of the time before the clock was set are nobody's.
    func forgetSchedules() throws {
        knowsSchedules = false
        try db.execute(script: "DELETE FROM platform_schedules")
    }

    /// Schedules are due from now on.
    func knowSchedules() throws {
        if knowsSchedules { return }
        knowsSchedules = true
        _ = try Schedules(db: db, zone: subject.tenant.timeZone, revision: revision).queueDue(at: clock.now())
    }

    /// `run_job(id, args)`: all steps; what a step throws is thrown, and the job's doings of that step are undone.
    func runJob(_ arguments: Arguments) throws -> Value {
        let name = try arguments.text(0)
        let own = subject.package.map { "\($0.name).\(name)" }
        guard let job = own.flatMap({ revision.plugins.jobs[$0] }) ?? revision.plugins.jobs[name] else {
            throw arguments.wrong(0, "is “\(name)”, which is no job here")
        }
        var new = JobQueue.NewJob(name: job.name, dueAt: clock.now())
        new.arguments = .object(try arguments.optionalObject(1))
        let id = try queue.add(new, actor: actor).id
        evidence.begin()
        defer { evidence.end(watch.take()) }
        while true {
            let row = try queue.get(id)
            if !row.state.isOpen { return describe(row) }
            try step(row, recordsFailure: false)
        }
    }

    /// All that is due by the clock, failures noted as in earnest.
    func runDue() throws -> [Value] {
        try knowSchedules()
        evidence.begin()
        defer { evidence.end(watch.take()) }
        _ = try Schedules(db: db, zone: subject.tenant.timeZone, revision: revision).queueDue(at: clock.now())
        var order: [Int64] = []
        var steps = 0
        while let row = try queue.ready(at: clock.now(), without: []) {
            steps += 1
            guard steps <= Self.mostSteps else {
                throw Problem(422, "job.endless", "run_due took \(Self.mostSteps) steps and is not done; the last was of \(row.name).")
            }
            try step(row, recordsFailure: true)
            if !order.contains(row.id) { order.append(row.id) }
        }
        return try order.map { describe(try queue.get($0)) }
    }

    private func step(_ row: JobRow, recordsFailure: Bool) throws {
        var fetched: Result<Value, any Error>?
        if case .job(let job)? = JobStep.target(row, revision), job.hasFetch {
            fetched = Result {
                try FetchRun.run(
                    JobFetch(row: row, job: job, revision: revision), subject.tenant, db, clock: clock, courier: Courier(outside, clock: clock),
                    watch: watch)
            }
        }
        let step = JobStep(db: db, tenant: subject.tenant, revision: revision, clock: clock, row: row, watch: watch)
        if recordsFailure { _ = try step.perform(fetched: fetched) } else { _ = try step.attempt(fetched: fetched) }
    }

    private func describe(_ row: JobRow) -> Value {
        [
            "id": .int(row.id), "job": .string(row.name), "state": .string(row.state.rawValue), "steps": .int(Int64(row.slices)),
            "done": .int(row.done), "total": row.total.map(Value.int) ?? .null, "error": row.lastError.map(Value.string) ?? .null,
            "log": (try? queue.runs(job: row.id, limit: 1).first?["log"] ?? .null) ?? .null,
        ]
    }
}
