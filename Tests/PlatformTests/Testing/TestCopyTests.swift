import Core
import Platform
import Storage
import Testing

/// What things are tried on: nothing that waits to run or to leave goes along, nor a secret.
@Suite struct TestCopyTests {
    private static let waiting = ["platform_jobs", "platform_job_runs", "platform_events", "platform_outbox", "platform_schedules", "platform_secrets"]

    private func count(_ db: Connection, _ table: String) throws -> Int64 { try db.integer(SQL("SELECT count(*) FROM \(table)")) }

    @Test(arguments: [false, true]) func `a copy has the business's records, and none of what waits`(isWhole: Bool) throws {
        let crew = try Crew(["routes/ask.lua": """
            return { method = "POST", path = "/api/ask", permission = "crew.do", run = function()
              job.enqueue("nightly")
              event.emit("crew.asked", {})
              record.create("crew.task", { title = "asked" })
            end }
            """])
        _ = try crew.works.call(.put, "/api/secrets/crew.token", ["value": "s3cret"])
        _ = try crew.works.call(.post, "/api/tell")
        _ = try crew.works.call(.post, "/api/ask")
        crew.works.settle()
        _ = try crew.works.call(.post, "/api/ask")
        let there = try crew.works.tenant.store.read { db in try Self.waiting.map { try count(db, $0) } }
        #expect(there.allSatisfy { $0 > 0 }, "\(there)")
        let folder = try Files.temporaryDirectory("kontor-copy")
        defer { try? Files.removeTree(folder) }
        let copy = try TestCopy.make(of: crew.works.tenant, to: "\(folder)/tenant.db", isWhole: isWhole)
        defer { copy.close() }
        for table in Self.waiting { #expect(try count(copy, table) == 0, "\(table)") }
        #expect(try count(copy, "crew_tasks") == 3)
        #expect(try count(copy, "platform_revisions") > 0)
    }

    @Test func `a test does not do the business's own work`() throws {
        let crew = try Crew()
        _ = try crew.works.call(.post, "/api/tasks", ["title": "loud"])
        let report = try crew.works.call(.post, "/api/scripts/Rules/fees/standard.lua/test", ["tests": .string("""
            it("finds nothing to do", function() expect(#run_due()):equals(0) end)
            """)]).value
        #expect(report["ok"] == true, "\(report)")
        crew.works.settle()
        #expect(crew.works.outside.current.mails.isEmpty)
        #expect(try crew.works.call(.get, "/api/outbox").value["items"]?.array?.count == 1)
    }
}
