import Core
import Scripting
import Storage

/// One step of one job, on the tenant's lane: `run(cursor, fetched, args)` in a savepoint of its own, with its cursor, its
/// progress and its history; or the note that it failed.
struct JobStep {
    let db: Connection
    let tenant: Tenant
    let revision: Revision
    let clock: any Clock
    let row: JobRow
    /// The test that takes the step; nil in earnest.
    var watch: RunWatch?

    /// What one step may use.
    private static let limits = ScriptLimits(
        steps: ScriptLimits.job.steps, cpuMilliseconds: ScriptLimits.job.cpuMilliseconds, wallMilliseconds: 250,
        memory: ScriptLimits.job.memory)

    private var queue: JobQueue { JobQueue(db) }

    /// What the job's name stands for in the revision.
    enum Target {
        case job(JobDeclaration)
        case hook(HookDeclaration)
    }

    static func target(_ row: JobRow, _ revision: Revision) -> Target? {
        switch row.kind {
        case .job: return revision.plugins.jobs[row.name].map(Target.job)
        case .hook:
            let parts = row.name.split(separator: "/").map(String.init)
            guard parts.count == 2 else { return nil }
            return revision.plugins.package(parts[0])?.hooks.first { $0.id == parts[1] }.map(Target.hook)
        }
    }

    /// Takes the step, or notes that it failed and when it is tried again.
    /// - Parameter fetched: what `fetch` gave or threw; nil for a job without one.
    /// - Returns: what to tell those who watch.
    func perform(fetched: Result<Value, any Error>?) throws -> Value {
        let now = clock.now()
        let run = try row.runID ?? queue.beginRun(row, now: now)
        let scope = scope(now)
        do {
            return try take(scope, run, fetched)
        } catch let error as StorageError where error.endsTurn {
            throw error
        } catch {
            var retry = JobDeclaration.Retry()
            if case .job(let job)? = Self.target(row, revision) { retry = job.retry }
            let failures = row.attempts + 1
            let retries = Self.isRetryable(error) && failures <= retry.times
            let at = clock.now()
            try queue.fail(
                row, run: run, error: Self.text(error), log: scope.logText,
                retryAt: retries ? at.adding(seconds: retry.delay(after: failures)) : nil, now: at)
            return news(retries ? "failed" : "dead", JobContext(row))
        }
    }

    /// Takes the step and throws what it throws, for tests.
    func attempt(fetched: Result<Value, any Error>?) throws -> Value {
        let now = clock.now()
        return try take(scope(now), row.runID ?? queue.beginRun(row, now: now), fetched)
    }

    private func scope(_ now: Instant) -> RunScope {
        let scope = RunScope(
            tenant: tenant, revision: revision, principal: .service, database: db, clock: clock, now: now,
            actor: ActingUser(id: row.actorID, name: row.actor, requestID: row.requestID.isEmpty ? "job-\(row.id)" : row.requestID, at: now),
            requestID: "job-\(row.id)")
        scope.scriptLog = tenant.services.scriptLog
        scope.job = JobContext(row)
        scope.scriptLimits = Self.limits
        if let watch {
            scope.observed(by: watch)
            // A test is not about this machine's speed; instructions and rows are as they are.
            scope.scriptLimits.cpuMilliseconds = 2_000
            scope.scriptLimits.wallMilliseconds = 5_000
        }
        return scope
    }

    private func take(_ scope: RunScope, _ run: Int64, _ fetched: Result<Value, any Error>?) throws -> Value {
        guard let target = Self.target(row, revision) else {
            throw Problem(422, "job.unknown", "No plugin declares \(row.kind.rawValue) \(row.name) any more.")
        }
        if case .job(let job) = target, row.slices >= job.slices {
            throw Problem(422, "job.slices", "The job took its \(job.slices) steps and is not done; the plugin's manifest may ask for more in budgets.")
        }
        let context = scope.job ?? JobContext(row)
        let cursor = try db.savepoint { try self.run(target, scope, fetched: try fetched?.get() ?? .null) }
        let ended = clock.now()
        let isOver = cursor == .null
        // What nobody counted is counted in steps.
        if context.done == row.done, context.total == nil { context.done += 1 }
        try queue.step(
            row, run: run, cursor: cursor, checkpoint: context.checkpoint, done: context.done, total: context.total,
            log: scope.logText, now: ended)
        return news(isOver ? "done" : "running", context)
    }

    private func run(_ target: Target, _ scope: RunScope, fetched: Value) throws -> Value {
        switch target {
        case .job(let job):
            let run = HostRun(scope, phase: .job, package: revision.plugins.package(job.plugin))
            return try ScriptCall.run(job.program, "run", [row.cursor, fetched, row.arguments], run)
        case .hook(let hook):
            let run = HostRun(scope, phase: hook.phase, package: revision.plugins.package(hook.plugin))
            let (values, invoker) = try Events.arguments(row, scope)
            _ = try ScriptCall.run(hook.program, "run", values, invoker: invoker, run)
            return .null
        }
    }

    private func news(_ state: String, _ context: JobContext) -> Value {
        [
            "id": .int(row.id), "job": .string(row.name), "state": .string(state), "done": .int(context.done),
            "total": context.total.map(Value.int) ?? .null,
        ]
    }

    /// Refusals and what says so itself are not tried again; all else may have been the moment's.
    static func isRetryable(_ error: any Error) -> Bool {
        if let fault = error as? ScriptFault, let value = fault.value, let flag = value["retryable"]?.bool { return flag }
        if let fault = error as? ScriptFault { return fault.verdict != .compile }
        if let problem = error as? Problem { return problem.status >= 500 || problem.status == 429 }
        return true
    }

    static func text(_ error: any Error) -> String {
        guard let problem = (error as? any ProblemConvertible)?.problem else { return String(String(describing: error).prefix(2_000)) }
        return String("\(problem.code): \(problem.detail)".prefix(2_000))
    }
}

extension RunScope {
    /// The lines of the log as they are kept with a job's history.
    var logText: String {
        log.reduce(into: "") { text, line in
            text += "\(line.level): \(line.message)"
            if line.fields != .null { text += " " + String(decoding: JSON.serialize(line.fields), as: UTF8.self) }
            text += "\n"
        } + notes.map { "trace: \($0.label): \(String(decoding: JSON.serialize($0.value), as: UTF8.self))\n" }.joined()
    }
}
