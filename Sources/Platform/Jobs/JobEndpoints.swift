import Core
import Storage

/// `/api/jobs`: what can run, by which schedules, and running it by hand. `/api/job-queue`: what waits, runs and failed.
/// `/api/job-runs`: the history.
package enum JobEndpoints {
    package static let all: [Endpoint] = [
        Endpoint(
            .get, "/api/jobs", access: .permission("jobs.view"), execution: .read,
            documentation: .init(
                "List the jobs of the installed plugins with their schedules", tag: "Jobs",
                replies: [.init(200, "By name", Page.schema(of: .object(jobMembers)))])
        ) { call in
            let jobs = (call.revision?.plugins.jobs.values.map(\.self) ?? []).sorted { $0.name < $1.name }
            return Reply(200, ["items": .array(try jobs.map { try describe($0, call) }), "next_cursor": .null])
        },
        Endpoint(
            .post, "/api/jobs/{name}/run", access: .permission("jobs.run"), execution: .write,
            documentation: .init(
                "Run a job now", tag: "Jobs", pathParameters: [.init("name", .string(), "The job with its plugin, such as pos.nightly.")],
                input: .object([
                    .init("args", .map(.any), "What the job gets as its arguments."),
                    .init("key", .nullable(.string(minLength: 1, maxLength: 200)), "Under the same key it is run once."),
                ]),
                replies: [.init(202, "It waits for its turn", .object(rowMembers))])
        ) { call in
            let job = try declaration(call)
            if let permission = job.permission, !call.principal.may(permission) {
                throw Problem(403, "auth.forbidden", "Running \(job.name) takes the permission \(permission).")
            }
            let queue = JobQueue(call.database)
            guard try job.overlap == .queue || queue.open(job.name) == 0 else {
                throw Problem(409, "job.already_open", "\(job.name) waits or runs already, and its declaration lets no second one wait.")
            }
            var new = JobQueue.NewJob(name: job.name, dueAt: call.now)
            new.arguments = call.body["args"] ?? .object(Object())
            new.key = call.body["key"]?.string.map { "hand:\(job.name):\($0)" }
            let (id, isNew) = try queue.add(new, actor: call.actingUser)
            if isNew { try Audit.append(call.database, call.actingUser, "job.requested", object: ("job", id), after: ["job": .string(job.name)]) }
            call.tenant?.wake()
            return Reply(202, try queue.get(id).value)
        },
        Endpoint(
            .get, "/api/job-queue", access: .permission("jobs.view"), execution: .read,
            documentation: .init(
                "List what waits, runs, failed or is done", tag: "Jobs",
                query: Page.parameters + [
                    .init("job", .string(), "Only this job."), .init("state", .string(allowed: JobRow.State.allCases.map(\.rawValue)), "Only in this state."),
                ],
                replies: [.init(200, "Newest first", Page.schema(of: .object(rowMembers)))])
        ) { call in
            let page = try Page(call)
            let rows = try JobQueue(call.database).list(
                before: try page.id(), name: call.queryValue("job"), state: try call.queryWord("state", of: JobRow.State.allCases.map(\.rawValue)).flatMap(JobRow.State.init), limit: page.fetchLimit)
            return page.reply(rows, key: { [.int($0.id)] }, item: \.value)
        },
        Endpoint(
            .get, "/api/job-queue/{id}", access: .permission("jobs.view"), execution: .read,
            documentation: .init("Read one job of the queue", tag: "Jobs", pathParameters: [idParameter], replies: [.init(200, "The job", .object(rowMembers))])
        ) { call in Reply(200, try JobQueue(call.database).get(call.id()).value) },
        Endpoint(
            .post, "/api/job-queue/{id}/cancel", access: .permission("jobs.run"), execution: .write,
            documentation: .init(
                "End a job that waits or runs; steps that were taken stay", tag: "Jobs", pathParameters: [idParameter],
                replies: [.init(200, "Cancelled", .object(rowMembers))])
        ) { call in try change(call, "job.cancelled") { try $0.cancel($1, now: call.now) } },
        Endpoint(
            .post, "/api/job-queue/{id}/retry", access: .permission("jobs.run"), execution: .write,
            documentation: .init(
                "Try a job again that failed, was cancelled or skipped; it goes on where it was", tag: "Jobs", pathParameters: [idParameter],
                replies: [.init(200, "It waits for its turn", .object(rowMembers))])
        ) { call in try change(call, "job.retried") { try $0.retry($1, now: call.now) } },
        Endpoint(
            .get, "/api/job-runs", access: .permission("jobs.view"), execution: .read,
            documentation: .init(
                "List what ran: when, how long, how much, with which result", tag: "Jobs",
                query: Page.parameters + [
                    .init("job", .string(), "Only this job."), .init("job_id", .integer(minimum: 1), "Only of this row of the queue."),
                    .init("result", .string(allowed: results), "Only with this result."),
                ],
                replies: [.init(200, "Newest first", Page.schema(of: .object(runMembers)))])
        ) { call in
            let page = try Page(call)
            let rows = try JobQueue(call.database).runs(
                before: try page.id(), name: call.queryValue("job"), result: try call.queryWord("result", of: results), job: try call.queryID("job_id"),
                limit: page.fetchLimit)
            return page.reply(rows, key: { [$0["id"] ?? .null] }, item: \.self)
        },
    ]

    private static let results = ["running", "done", "failed", "dead", "cancelled", "skipped"]
    private static let idParameter = Endpoint.Documentation.Parameter("id", .integer(minimum: 1), "The job's row in the queue.")

    private static func declaration(_ call: Call) throws -> JobDeclaration {
        let name = call.parameters["name"] ?? ""
        guard let job = call.revision?.plugins.jobs[name] else { throw Problem(404, "job.unknown", "No plugin declares a job “\(name)”.") }
        return job
    }

    private static func change(_ call: Call, _ action: String, _ body: (JobQueue, Int64) throws -> Void) throws -> Reply {
        let queue = JobQueue(call.database)
        let id = try call.id()
        let row = try queue.get(id)
        if let permission = call.revision?.plugins.jobs[row.name]?.permission, !call.principal.may(permission) {
            throw Problem(403, "auth.forbidden", "\(row.name) takes the permission \(permission).")
        }
        try body(queue, id)
        try Audit.append(call.database, call.actingUser, action, object: ("job", id), after: ["job": .string(row.name)])
        call.tenant?.wake()
        return Reply(200, try queue.get(id).value)
    }

    private static func describe(_ job: JobDeclaration, _ call: Call) throws -> Value {
        let zone = call.tenant?.timeZone ?? .utc
        let schedules = (call.revision?.schedules ?? []).filter { $0.job == job.name }.map { schedule -> Value in
            [
                "id": .string(schedule.id), "cron": .string(schedule.cron.text), "enabled": .bool(schedule.isEnabled),
                "args": .object(schedule.arguments), "source": .string(schedule.path),
                "next_due": schedule.isEnabled ? schedule.cron.next(after: call.now, in: zone).map { .string($0.description) } ?? .null : .null,
            ]
        }
        let queue = JobQueue(call.database)
        let last = try queue.runs(name: job.name, limit: 1).first
        return [
            "name": .string(job.name), "title": .string(job.title), "plugin": .string(job.plugin), "time_zone": .string(zone.name),
            "schedules": .array(schedules), "overlap": .string(job.overlap.rawValue), "catch_up": .string(job.catchUp.rawValue),
            "open": .int(Int64(try queue.open(job.name))), "last_run": last ?? .null,
        ]
    }

    private static let jobMembers: [Schema.Member] = [
        .init("name", .string(), required: true, example: "pos.nightly"), .init("title", .string(), required: true),
        .init("plugin", .string(), required: true), .init("time_zone", .string(), required: true),
        .init(
            "schedules",
            .array(
                .object([
                    .init("id", .string(), required: true), .init("cron", .string(), required: true, example: "0 3 * * *"),
                    .init("enabled", .boolean, required: true), .init("args", .map(.any), required: true), .init("source", .string(), required: true),
                    .init("next_due", .nullable(.instant), required: true),
                ])), required: true),
        .init("overlap", .string(allowed: ["skip", "queue"]), required: true),
        .init("catch_up", .string(allowed: ["last", "all", "none"]), required: true),
        .init("open", .integer(minimum: 0), required: true, "How many wait or run."),
        .init("last_run", .nullable(.object(runMembers)), required: true),
    ]

    private static let rowMembers: [Schema.Member] = [
        .init("id", .integer(minimum: 1), required: true), .init("job", .string(), required: true),
        .init("kind", .string(allowed: ["job", "hook"]), required: true), .init("key", .nullable(.string()), required: true),
        .init("args", .any, required: true), .init("state", .string(allowed: JobRow.State.allCases.map(\.rawValue)), required: true),
        .init("priority", .integer(), required: true), .init("due_at", .instant, required: true),
        .init("schedule", .nullable(.string()), required: true), .init("scheduled_for", .nullable(.instant), required: true),
        .init("attempts", .integer(minimum: 0), required: true, "Failures in a row."), .init("errors", .integer(minimum: 0), required: true),
        .init("steps", .integer(minimum: 0), required: true), .init("done", .integer(minimum: 0), required: true),
        .init("total", .nullable(.integer()), required: true), .init("last_error", .nullable(.string()), required: true),
        .init("requested_by", .string(), required: true), .init("created_at", .instant, required: true),
        .init("finished_at", .nullable(.instant), required: true),
    ]

    private static let runMembers: [Schema.Member] = [
        .init("id", .integer(minimum: 1), required: true), .init("job_id", .integer(minimum: 1), required: true),
        .init("job", .string(), required: true), .init("started_at", .instant, required: true),
        .init("finished_at", .nullable(.instant), required: true), .init("duration_ms", .nullable(.integer(minimum: 0)), required: true),
        .init("steps", .integer(minimum: 0), required: true), .init("processed", .integer(minimum: 0), required: true),
        .init("errors", .integer(minimum: 0), required: true), .init("result", .string(allowed: results), required: true),
        .init("error", .nullable(.string()), required: true), .init("log", .string(maxLength: 1 << 17), required: true),
    ]
}

extension Call {
    /// A query parameter that is one of some words; nil when it is not given.
    /// - Throws: 422 `request.invalid`.
    func queryWord(_ name: String, of words: [String]) throws -> String? {
        guard let text = queryValue(name) else { return nil }
        guard words.contains(text) else {
            throw Problem.invalid([Schema.Fault(field: name, code: "not_allowed", message: "must be one of \(words.joined(separator: ", "))")])
        }
        return text
    }
}
