import Core
import Platform
import Storage
import Testing

@Suite struct ScheduleTests {
    private static func tick(_ options: String, cron: String = "0 * * * *") -> [String: String] {
        Works.chores([
            "jobs/tick.lua": """
                return { id = "tick", cron = "\(cron)", \(options) run = function(cursor, fetched, args)
                  record.create("chores.mark", { label = (args.name or "") .. job.current().scheduled_for:sub(12, 16) })
                end }
                """
        ])
    }

    // The house stands in Accra, and begins at 09:00.

    @Test func `a job is due by its cron line, once`() throws {
        let works = try Works(Self.tick(""))
        works.settle()
        #expect(try works.marks() == [])
        works.pass(seconds: 3_599)
        #expect(try works.marks() == [])
        works.pass(seconds: 1)
        works.settle()
        works.pass(seconds: 3_600, step: 60)
        #expect(try works.marks() == ["10:00", "11:00"])
        let job = try #require(works.call(.get, "/api/jobs").value["items"]?.array?.first)
        #expect(job["name"] == "chores.tick" && job["time_zone"] == "Africa/Accra")
        #expect(job["schedules"]?.array?.first?["next_due"] == "2026-01-05T12:00:00.000Z")
        #expect(job["last_run"]?["result"] == "done")
    }

    @Test(arguments: [("last", ["13:00"]), ("all", ["10:00", "11:00", "12:00", "13:00"]), ("none", [])])
    func `times that were missed are made up for as declared`(catchUp: String, expected: [String]) throws {
        let works = try Works(Self.tick("catch_up = \"\(catchUp)\", overlap = \"queue\","))
        works.settle()
        works.pass(seconds: 4 * 3_600 + 600)
        #expect(try works.marks() == expected)
        works.pass(seconds: 3_000)
        #expect(try works.marks() == expected + ["14:00"])
    }

    @Test func `a clock that goes back brings nothing twice, and one that was far ahead does not stop the house`() throws {
        let works = try Works(Self.tick(""))
        works.settle()
        works.pass(seconds: 3_600)
        works.house.advance(seconds: -1_800)
        works.pass(seconds: 1_800, step: 600)
        #expect(try works.marks() == ["10:00"])
        works.pass(seconds: 3_600)
        #expect(try works.marks() == ["10:00", "11:00"])
        // Ten days ahead: the last of the times that seemed to be missed.
        works.pass(seconds: 10 * 86_400)
        works.house.advance(seconds: -10 * 86_400)
        works.settle()
        works.pass(seconds: 3_600)
        #expect(try works.marks() == ["10:00", "11:00", "11:00", "12:00"])
    }

    @Test func `while the time before is not done the next is skipped, or waits`() throws {
        let slow = #"run = function(cursor) if not cursor then return 1 end error("stuck") end, retry = { times = 100, delay = 86400 },"#
        let works = try Works(Works.chores([
            "jobs/slow.lua": "return { id = \"slow\", cron = \"0 * * * *\", \(slow) }",
            "jobs/patient.lua": "return { id = \"patient\", cron = \"0 * * * *\", overlap = \"queue\", \(slow) }",
        ]))
        works.settle()
        works.pass(seconds: 2 * 3_600, step: 3_600)
        let states = try works.call(.get, "/api/job-queue", query: [("job", "chores.slow")]).value["items"]?.array?.map { $0["state"] }
        #expect(states == ["skipped", "queued"])
        #expect(try works.runs("chores.slow").map { $0["result"] } == ["skipped", "failed"])
        let waiting = try works.call(.get, "/api/job-queue", query: [("job", "chores.patient")]).value["items"]?.array?.map { $0["state"] }
        #expect(waiting == ["queued", "queued"])
    }

    @Test func `administrators edit when a job is due while the house is open`() throws {
        let works = try Works(Self.tick(""))
        works.settle()
        try works.publish(
            "Rules/schedules/half.lua",
            #"return { contract = "schedule", id = "half", job = "chores.tick", cron = "30 * * * *", args = { name = "h " } }"#)
        works.pass(seconds: 3_600, step: 600)
        // The job's own line counts no longer, a second file adds to the first.
        #expect(try works.marks() == ["h 09:30"])
        try works.publish(
            "Rules/schedules/noon.lua",
            #"return { contract = "schedule", id = "noon", job = "chores.tick", cron = "0 12 * * *" }"#)
        works.pass(seconds: 2 * 3_600, step: 600)
        #expect(try works.marks() == ["h 09:30", "h 10:30", "h 11:30", "12:00"])
        try works.publish(
            "Rules/schedules/half.lua",
            #"return { contract = "schedule", id = "half", job = "chores.tick", cron = "30 * * * *", enabled = false }"#)
        works.pass(seconds: 3_600, step: 600)
        #expect(try works.marks().count == 4)
        // What was not due while it was off is not made up for.
        try works.publish(
            "Rules/schedules/half.lua", #"return { contract = "schedule", id = "half", job = "chores.tick", cron = "30 * * * *" }"#)
        works.pass(seconds: 1_200, step: 600)
        #expect(try works.marks().count == 4)
    }

    @Test(arguments: [
        (#"return { contract = "schedule", id = "x", job = "chores.tick", cron = "61 * * * *" }"#, "cron", "minute “61”"),
        ("return {\n  contract = \"schedule\", id = \"x\",\n  job = \"chores.nothing\", cron = \"0 * * * *\" }", "job", "chores.tick"),
        (#"return { contract = "schedule", id = "x", job = "chores.tick" }"#, "cron", "is missing"),
    ])
    func `a schedule that cannot be is refused with its place`(source: String, field: String, detail: String) throws {
        let works = try Works(Self.tick(""))
        do {
            try works.publish("Rules/schedules/x.lua", source)
            Issue.record("published")
        } catch let problem as Problem {
            #expect(problem.code == "script.contract" && problem.field == field && problem.detail.contains(detail), "\(problem)")
            #expect(problem.detail.contains("Rules/schedules/x.lua:\(field == "job" ? 3 : 1)"), "\(problem)")
        }
    }

    @Test(arguments: [
        (#"cron = "nonsense", run = function() end"#, "cron"), (#"overlap = "maybe", run = function() end"#, "overlap"), ("", "run"),
        (#"retry = { times = 1000 }, run = function() end"#, "retry.times"), (#"fetch = 1, run = function() end"#, "fetch"),
        (#"cron = "0 0 31 2 *", run = function() end"#, "cron"), (#"when = 1, run = function() end"#, "when"),
    ])
    func `a job that cannot be is refused when it is installed`(body: String, field: String) throws {
        do {
            _ = try Works(Works.chores(["jobs/j.lua": "return { id = \"j\", \(body) }"]))
            Issue.record("installed")
        } catch let error as DeclarationError {
            #expect(error.file == "chores/jobs/j.lua" && error.field == field, "\(error)")
        }
    }
}
