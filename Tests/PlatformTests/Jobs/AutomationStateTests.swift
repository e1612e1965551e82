import Core
import Platform
import Testing

/// What the operator learns of jobs that fail and schedules that stand still.
@Suite struct AutomationStateTests {
    private static let plugin = Works.chores([
        "jobs/nightly.lua": """
            return { id = "nightly", cron = "0 3 * * *", retry = { times = 1 }, run = function() end }
            """,
        "jobs/broken.lua": """
            return { id = "broken", retry = { times = 1 }, run = function() reject { code = "shelf_empty" } end }
            """,
    ])

    private func state(_ works: Works, hours: Int64 = 25) throws -> AutomationState {
        let revision = try #require(works.tenant.revisionSlot.current)
        return try AutomationState.read(works.tenant, revision, hours: hours, now: works.house.now)
    }

    @Test func `a job that failed for good is told until it came to its end`() throws {
        let works = try Works(Self.plugin)
        #expect(try state(works).failed == [])
        let id = try works.call(.post, "/api/jobs/chores.broken/run").value["id"]?.int ?? 0
        works.settle()
        #expect(try works.call(.get, "/api/job-queue/\(id)").value["state"] == "dead")
        let failed = try state(works).failed
        #expect(failed.map(\.subject) == ["chores.broken"] && failed.first?.at != nil, "\(failed)")
        #expect(failed.first?.detail.contains("shelf_empty") == true, "\(failed)")
        let mended = Self.plugin.mapValues { $0.replacing("reject { code = \"shelf_empty\" }", with: "") }
        try works.install(mended)
        _ = try works.call(.post, "/api/job-queue/\(id)/retry")
        works.settle()
        #expect(try works.call(.get, "/api/job-queue/\(id)").value["state"] == "done")
        #expect(try state(works).failed == [])
        // One that stays dead counts no more once a later one came to its end.
        try works.install(Self.plugin)
        _ = try works.call(.post, "/api/jobs/chores.broken/run")
        works.settle()
        #expect(try state(works).failed.count == 1)
        try works.install(mended)
        _ = try works.call(.post, "/api/jobs/chores.broken/run")
        works.settle()
        #expect(try state(works).failed == [])
    }

    @Test func `a schedule that is switched off is told 25 hours after its last run`() throws {
        let works = try Works(Self.plugin)
        works.settle()
        works.pass(seconds: 86_400, step: 3_600)
        let ran = try works.call(.get, "/api/job-runs", query: [("job", "chores.nightly")]).value["items"]?.array ?? []
        try #require(ran.count == 1, "\(ran)")
        #expect(try state(works).stopped == [])
        // Nobody does what is due any more, as with a schedule that is off.
        let last = try Instant(ran[0]["started_at"]?.string ?? "")
        let now = works.house.now
        works.house.advance(seconds: (25 * 3_600) - last.milliseconds(until: now) / 1_000 - 60)
        #expect(try state(works).stopped == [], "not a minute before")
        works.house.advance(seconds: 120)
        let stopped = try state(works).stopped
        #expect(stopped.map(\.subject) == ["chores.nightly"] && stopped.first?.detail.contains("was due at") == true, "\(stopped)")
        works.settle()
        #expect(try state(works).stopped == [], "it ran again")
    }
}
