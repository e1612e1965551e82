import Core

/// `job` and `event`: work for later, and what others are told after the commit.
enum JobModule {
    private static let steps = PhaseSet(.job)
    private static let longestDelaySeconds: Int64 = 366 * 86_400
    private static let largestArguments = 64 << 10

    static let functions: [HostFunction] = [
        HostFunction(
            "job", "enqueue", .writing,
            "enqueue(name, args, { key =, delay = seconds, priority = }): queues a job of this plugin; gives its id, under a key that was there the first one's"
        ) { run, arguments in
            let job = try declaration(run, arguments)
            let given = arguments[1] == .null ? .object(Object()) : arguments[1]
            guard JSON.serialize(given).count <= largestArguments else { throw arguments.wrong(1, "takes more than 64 KiB") }
            let options = try arguments.optionalObject(2)
            for (name, _) in options where !["key", "delay", "priority"].contains(name) {
                throw arguments.wrong(2, "knows key, delay and priority, not “\(name)”")
            }
            let delay = try integer(options, "delay", in: 0...longestDelaySeconds, arguments)
            var new = JobQueue.NewJob(name: job.name, dueAt: run.scope.now.adding(seconds: delay))
            new.arguments = given
            new.priority = try integer(options, "priority", in: -100...100, arguments)
            if let key = options["key"], key != .null {
                guard let text = key.string, (1...200).contains(text.utf8.count) else {
                    throw arguments.wrong(2, "must have a key of 1 to 200 characters")
                }
                new.key = "\(job.plugin):\(text)"
            }
            try run.scope.countWritten()
            let id = try JobQueue(run.scope.database).add(new, actor: run.scope.actor).id
            run.scope.tenant.wake()
            return .int(id)
        },
        HostFunction("job", "cancel", .writing, "cancel(id): ends a job of this plugin that waits or runs; true, or false when it is over") { run, arguments in
            let queue = JobQueue(run.scope.database)
            try run.scope.countRead()
            guard let row = try queue.find(try arguments.integer(0)), let plugin = run.package?.name, row.name.hasPrefix("\(plugin).") else {
                throw arguments.wrong(0, "is no job of this plugin")
            }
            guard row.state.isOpen else { return false }
            if let current = run.scope.job, current.row.id == row.id { throw arguments.wrong(0, "is the job that runs; return nil to end it") }
            try run.scope.countWritten()
            try queue.cancel(row.id, now: run.scope.now)
            return true
        },
        HostFunction(
            "job", "current", PhaseSet(.job, .fetch),
            "current(): id, name, attempt (from 1) and, of a schedule's job, schedule and scheduled_for: the time it was due, UTC"
        ) { run, arguments in
            let row = try context(run, arguments).row
            return [
                "id": .int(row.id), "name": .string(row.name), "attempt": .int(Int64(row.attempts + 1)),
                "schedule": row.schedule.map(Value.string) ?? .null, "scheduled_for": row.scheduledFor.map(Value.string) ?? .null,
            ]
        },
        HostFunction(
            "job", "status", .all,
            "status(name): of a job of this plugin: its schedules with cron, enabled and next_due, how many are open, and its last run and last failure"
        ) { run, arguments in
            let job = try declaration(run, arguments)
            let queue = JobQueue(run.scope.database)
            func last(_ result: String? = nil) throws -> Value? { try queue.runs(name: job.name, result: result, limit: 1).first.map(outcome) }
            try run.scope.countRead(rows: 4)
            let failures = try ["failed", "dead"].compactMap(last)
            return [
                "name": .string(job.name), "open": .int(Int64(try queue.open(job.name))), "schedules": .array(schedules(of: job, run)),
                "last": try last() ?? .null, "last_failure": failures.max { ($0["id"]?.int ?? 0) < ($1["id"]?.int ?? 0) } ?? .null,
            ]
        },
        HostFunction("job", "progress", steps, "progress(done, total): how far the job is; kept with the step") { run, arguments in
            let context = try context(run, arguments)
            let done = try arguments.integer(0)
            guard done >= 0 else { throw arguments.wrong(0, "must be at least 0") }
            context.done = done
            if arguments[1] != .null { context.total = try arguments.integer(1) }
            return .null
        },
        HostFunction("job", "checkpoint", steps, "checkpoint(value): keeps a value with the job, for later steps and attempts") { run, arguments in
            let context = try context(run, arguments)
            guard JSON.serialize(arguments[0]).count <= largestArguments else { throw arguments.wrong(0, "takes more than 64 KiB") }
            context.checkpoint = arguments[0]
            return .null
        },
        HostFunction("job", "resume", PhaseSet(.job, .fetch), "resume(): the value of the last checkpoint, or nil") { run, arguments in
            try context(run, arguments).checkpoint
        },
        HostFunction(
            "event", "emit", .writing,
            "emit(name, payload): tells the hooks on \"event:name\", once each, after the commit; the name begins with the plugin's"
        ) { run, arguments in
            let name = try arguments.text(0)
            guard let package = run.package, name.hasPrefix("\(package.name)."), Permission.isWellFormed(name) else {
                throw arguments.wrong(0, "must be a name that begins with “\(run.package?.name ?? "plugin").”")
            }
            guard JSON.serialize(arguments[1]).count <= largestArguments else { throw arguments.wrong(1, "takes more than 64 KiB") }
            try Events.emit(run.scope, name, arguments[1])
            return .null
        },
    ]

    /// What a script is told of a run: not its log, which is the operator's.
    private static func outcome(_ run: Value) -> Value {
        var told = Object()
        for name in ["id", "job_id", "started_at", "finished_at", "duration_ms", "processed", "errors", "result", "error"] { told[name] = run[name] ?? .null }
        return .object(told)
    }

    private static func schedules(of job: JobDeclaration, _ run: HostRun) -> [Value] {
        run.scope.revision.schedules.filter { $0.job == job.name }.map { schedule in
            let next = schedule.isEnabled ? schedule.cron.next(after: run.scope.now, in: run.scope.tenant.timeZone) : nil
            return [
                "id": .string(schedule.id), "cron": .string(schedule.cron.text), "enabled": .bool(schedule.isEnabled),
                "next_due": next.map { .string($0.description) } ?? .null,
            ]
        }
    }

    private static func context(_ run: HostRun, _ arguments: Arguments) throws -> JobContext {
        guard let context = run.scope.job else {
            throw Problem(422, "script.phase", "\(arguments.function) is for the steps of a job.")
        }
        return context
    }

    /// A job of the plugin that asks: `expire` or `pos.expire`.
    private static func declaration(_ run: HostRun, _ arguments: Arguments) throws -> JobDeclaration {
        let name = try arguments.text(0)
        guard let plugin = run.package?.name else { throw arguments.wrong(0, "is a job, and rule files queue none") }
        if let own = run.scope.revision.plugins.jobs["\(plugin).\(name)"] ?? run.scope.revision.plugins.jobs[name], own.plugin == plugin {
            return own
        }
        throw arguments.wrong(0, "is “\(name)”, which is no job of the plugin \(plugin)")
    }

    private static func integer(_ options: Object, _ name: String, in range: ClosedRange<Int64>, _ arguments: Arguments) throws -> Int64 {
        guard let value = options[name], value != .null else { return 0 }
        guard let number = value.int, range.contains(number) else {
            throw arguments.wrong(2, "must have a \(name) from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
