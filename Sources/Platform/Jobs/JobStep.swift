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

    /// - Parameter fetched: what `fetch` gave or threw; nil for a job without one.
    /// - Returns: what to tell those who watch.
    func perform(fetched: Result<Value, any Error>?) throws -> Value {
        let now = clock.now()
        let run = try row.runID ?? queue.beginRun(row, now: now)
        let scope = RunScope(
            tenant: tenant, revision: revision, principal: .service, database: db, clock: clock, now: now,
            actor: ActingUser(id: row.actorID, name: row.actor, requestID: row.requestID.isEmpty ? "job-\(row.id)" : row.requestID, at: now),
            requestID: "job-\(row.id)")
        let context = JobContext(row)
        scope.scriptLog = tenant.services.scriptLog
        scope.job = context
        scope.scriptLimits = Self.limits
        var retry = JobDeclaration.Retry()
        do {
            guard let target = Self.target(row, revision) else {
                throw Problem(422, "job.unknown", "No plugin declares \(row.kind.rawValue) \(row.name) any more.")
            }
            if case .job(let job) = target {
                retry = job.retry
                if row.slices >= job.slices {
                    throw Problem(422, "job.slices", "The job took its \(job.slices) steps and is not done; its declaration may raise budgets.slices.")
                }
            }
            let cursor = try db.savepoint { try self.run(target, scope, fetched: try fetched?.get() ?? .null) }
            let ended = clock.now()
            let isOver = cursor == .null
            // What nobody counted is counted in steps.
            if context.done == row.done, context.total == nil { context.done += 1 }
            try queue.step(
                row, run: run, cursor: cursor, checkpoint: context.checkpoint, done: context.done, total: context.total,
                log: scope.logText, now: ended)
            return news(isOver ? "done" : "running", context)
        } catch let error as StorageError where error.endsTurn {
            throw error
        } catch {
            let failures = row.attempts + 1
            let retries = Self.isRetryable(error) && failures <= retry.times
            let at = clock.now()
            try queue.fail(
                row, run: run, error: Self.text(error), log: scope.logText,
                retryAt: retries ? at.adding(seconds: retry.delay(after: failures)) : nil, now: at)
            return news(retries ? "failed" : "dead", JobContext(row))
        }
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
        }
    }
}
