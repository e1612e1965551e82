import Core
import Glibc

/// Jobs and messages that go out, from the command line.
enum JobVerbs {
    private static let pollMicroseconds: UInt32 = 50_000

    static let all = [
        Verb("job list", "", "List the jobs of a business with their schedules", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let jobs = try api.all("/api/jobs", at: place)
            var table = Table(("JOB", .left), ("SCHEDULE", .left), ("NEXT DUE", .left), ("OPEN", .right), ("LAST RUN", .left), ("RESULT", .left), ("ERROR", .left))
            for job in jobs {
                let schedules = job["schedules"]?.array ?? []
                table.add(
                    job.text("name"), schedules.map { $0.text("cron") + ($0["enabled"] == false ? " (off)" : "") }.joined(separator: "; "),
                    schedules.compactMap { $0["next_due"]?.string }.min() ?? "", job.text("open"), job["last_run"]?["started_at"]?.string ?? "",
                    job["last_run"]?["result"]?.string ?? "", job["last_run"]?["error"]?.string ?? "")
            }
            invocation.answer(["items": .array(jobs)]) { table.text }
            return .done
        },
        Verb(
            "job run", "NAME", "Run a job now",
            options: [
                .tenant, Option("args", "JSON", "What it gets as its arguments"), Option("key", "KEY", "Under the same key it is run once"),
                Option("queue", nil, "Do not wait until it is done"),
            ],
            details: "It runs in the server, or here when none serves. The command waits until it is done, and prints what came of it."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let name = try invocation.arguments.word(0, "NAME")
            var body = Object()
            if let text = invocation.arguments["args"] {
                guard let args = try? JSON.parse(text), args.object != nil else { throw UsageError("--args takes a JSON object") }
                body["args"] = args
            }
            if let key = invocation.arguments["key"] { body["key"] = .string(key) }
            var row = try api.ask("POST", "/api/jobs/\(name.percentEncoded)/run", .object(body), at: place)
            let id = row.text("id")
            let waits = !invocation.arguments.has("queue")
            // One that failed waits for its next attempt, which may be hours away.
            while ["queued", "running"].contains(row.text("state")), row["errors"] == 0 {
                let isHere = api.settle()
                guard isHere || waits else { break }
                row = try api.ask("GET", "/api/job-queue/\(id)", at: place)
                if isHere { break }
                usleep(pollMicroseconds)
            }
            let run = try api.ask("GET", "/api/job-runs?job_id=\(id)&limit=1", at: place)["items"]?[0]
            if var answer = row.object, let run {
                answer["run"] = run
                row = .object(answer)
            }
            invocation.answer(row) {
                var text = "\(row.text("job")) is \(row.text("state")) (\(id))"
                if let run { text += ": processed \(run.text("processed")), \(run.text("errors")) errors, \(run.text("duration_ms")) ms" }
                return text + (row["last_error"]?.string.map { "\n\($0)" } ?? "")
            }
            return row["state"] == "dead" || row["errors"] != 0 ? .refused : .done
        },
        Verb(
            "job queue", "", "List what waits, runs, failed or is done, newest first",
            options: [.tenant, Option("job", "NAME", "Only this job"), Option("state", "STATE", "queued, running, done, dead, cancelled or skipped")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let rows = try page(api, place, "/api/job-queue", invocation, ["job", "state"])
            var table = Table(("ID", .right), ("JOB", .left), ("STATE", .left), ("DUE", .left), ("STEPS", .right), ("ERRORS", .right), ("LAST ERROR", .left))
            for row in rows {
                table.add(
                    row.text("id"), row.text("job"), row.text("state"), row.text("due_at"), row.text("steps"), row.text("errors"), row.text("last_error"))
            }
            invocation.answer(["items": .array(rows)]) { table.text }
            return .done
        },
        Verb(
            "job history", "[NAME]", "List what ran, newest first", options: [.tenant, Option("result", "RESULT", "done, failed, dead, cancelled or skipped")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let name = invocation.arguments.words.first.map { "&job=\($0.percentEncoded)" } ?? ""
            let rows = try page(api, place, "/api/job-runs", invocation, ["result"], name)
            var table = Table(
                ("ID", .right), ("JOB", .left), ("STARTED", .left), ("MS", .right), ("PROCESSED", .right), ("RESULT", .left), ("ERROR", .left))
            for row in rows {
                table.add(
                    row.text("id"), row.text("job"), row.text("started_at"), row.text("duration_ms"), row.text("processed"), row.text("result"),
                    row.text("error"))
            }
            invocation.answer(["items": .array(rows)]) { table.text }
            return .done
        },
        change("job cancel", "End a job that waits or runs", "/api/job-queue", "cancel"),
        change("job retry", "Try a job again that failed, was cancelled or skipped", "/api/job-queue", "retry"),
        Verb(
            "outbox list", "", "List the messages that go out, newest first",
            options: [.tenant, Option("kind", "KIND", "mail, http, message or print"), Option("state", "STATE", "pending, sending, sent, dead or cancelled")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let rows = try page(api, place, "/api/outbox", invocation, ["kind", "state"])
            var table = Table(("ID", .right), ("KIND", .left), ("TO", .left), ("STATE", .left), ("TRIES", .right), ("NEXT", .left), ("LAST ERROR", .left))
            for row in rows {
                table.add(
                    row.text("id"), row.text("kind"), row.text("target"), row.text("state"), row.text("attempts"), row.text("next_at"),
                    row.text("last_error"))
            }
            invocation.answer(["items": .array(rows)]) { table.text }
            return .done
        },
        change("outbox retry", "Send a message again that was given up or cancelled", "/api/outbox", "retry"),
        change("outbox cancel", "Cancel a message that waits", "/api/outbox", "cancel"),
    ]

    private static func change(_ name: String, _ summary: String, _ path: String, _ verb: String) -> Verb {
        Verb(name, "ID", summary, options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let id = try invocation.arguments.word(0, "ID")
            var row = try api.ask("POST", "\(path)/\(id.percentEncoded)/\(verb)", [:], at: place)
            if verb == "retry", api.settle() { row = try api.ask("GET", "\(path)/\(id.percentEncoded)", at: place) }
            invocation.answer(row) { "\(id) is \(row.text("state"))" }
            return .done
        }
    }

    /// One page of a list, filtered by the options that were given.
    private static func page(
        _ api: API, _ place: API.Place, _ path: String, _ invocation: Invocation, _ filters: [String], _ more: String = ""
    ) throws -> [Value] {
        let query = filters.compactMap { name in invocation.arguments[name].map { "&\(name)=\($0.percentEncoded)" } }.joined()
        return try api.ask("GET", "\(path)?limit=50\(query)\(more)", at: place)["items"]?.array ?? []
    }
}
