import Core
import Platform
import Storage
import Testing

@Suite struct JobTests {
    static let pages = #"""
        return { id = "pages", run = function(cursor, fetched, args)
          local n = (cursor or 0) + 1
          record.create("chores.mark", { label = args.name .. n })
          job.progress(n, args.count)
          log.info("page", { n = n })
          if n < args.count then return n end
        end }
        """#

    @Test func `a job goes on in steps until it is done, and leaves its history`() throws {
        let works = try Works(Works.chores(["jobs/pages.lua": Self.pages]))
        let id = try works.run("chores.pages", ["name": "p", "count": 3])
        #expect(try works.row(id)["state"] == "queued")
        works.settle()
        #expect(try works.marks() == ["p1", "p2", "p3"])
        let row = try works.row(id)
        #expect(row["state"] == "done" && row["steps"] == 3 && row["done"] == 3 && row["total"] == 3, "\(row)")
        #expect(row["requested_by"] == "admin")
        let run = try #require(works.runs("chores.pages").first)
        #expect(run["result"] == "done" && run["processed"] == 3 && run["errors"] == 0 && run["steps"] == 3 && run["duration_ms"] == 0, "\(run)")
        #expect(run["log"] == .string((1...3).map { #"info: page {"n":\#($0)}"# + "\n" }.joined()))
        #expect(try works.house.actions().contains("job.requested"))
    }

    @Test func `a failed step is undone and tried again from its cursor, later and later, and is dead in the end`() throws {
        let works = try Works(Works.chores([
            "jobs/shaky.lua": #"""
                return { id = "shaky", retry = { times = 2, delay = 10 }, run = function(cursor)
                  record.create("chores.mark", { label = "step " .. (cursor or 1) })
                  if cursor == 2 then error("no luck") end
                  return 2
                end }
                """#
        ]))
        let id = try works.run("chores.shaky")
        works.settle()
        var row = try works.row(id)
        #expect(row["state"] == "queued" && row["attempts"] == 1, "\(row)")
        #expect(row["due_at"] == .string(works.house.now.adding(seconds: 10).description))
        #expect(row["last_error"]?.string?.contains("chores/jobs/shaky.lua:3: no luck") == true, "\(row)")
        works.pass(seconds: 9)
        #expect(try works.row(id)["attempts"] == 1)
        works.pass(seconds: 1)
        row = try works.row(id)
        #expect(row["attempts"] == 2 && row["due_at"] == .string(works.house.now.adding(seconds: 20).description), "\(row)")
        works.pass(seconds: 20)
        row = try works.row(id)
        #expect(row["state"] == "dead" && row["errors"] == 3, "\(row)")
        #expect(try works.marks() == ["step 1"])
        #expect(try works.runs().map { $0["result"] } == ["dead", "failed", "failed"])
        // By hand it goes on where it was.
        _ = try works.call(.post, "/api/job-queue/\(id)/retry")
        works.settle()
        #expect(try works.row(id)["attempts"] == 1)
        #expect(try works.marks() == ["step 1"])
    }

    @Test func `what says that it need not be tried again is not`() throws {
        let works = try Works(Works.chores([
            "jobs/refusing.lua": #"return { id = "refusing", run = function() reject { code = "chores.closed", message = "Closed." } end }"#,
            "jobs/hopeless.lua": #"return { id = "hopeless", run = function() error({ message = "gone", retryable = false }) end }"#,
        ]))
        for job in ["chores.refusing", "chores.hopeless"] {
            let id = try works.run(job)
            works.settle()
            #expect(try works.row(id)["state"] == "dead", "\(job)")
        }
        #expect(try works.runs("chores.refusing").first?["error"] == "chores.closed: Closed.")
    }

    @Test func `a job that never ends is ended`() throws {
        let works = try Works(Works.chores([
            "jobs/endless.lua": #"return { id = "endless", retry = { times = 0 }, budgets = { slices = 5 }, run = function() return 1 end }"#,
            "jobs/greedy.lua": #"return { id = "greedy", retry = { times = 0 }, run = function() while true do end end }"#,
        ]))
        let endless = try works.run("chores.endless")
        let greedy = try works.run("chores.greedy")
        works.settle()
        #expect(try works.row(endless)["last_error"]?.string?.hasPrefix("job.slices:") == true)
        #expect(try works.row(greedy)["state"] == "dead")
    }

    @Test func `a job that waits or runs can be cancelled, once`() throws {
        let works = try Works(Works.chores(["jobs/pages.lua": Self.pages]))
        let id = try works.run("chores.pages", ["name": "p", "count": 3])
        #expect(try works.call(.post, "/api/job-queue/\(id)/cancel").value["state"] == "cancelled")
        works.settle()
        #expect(try works.marks() == [])
        #expect(code { try works.call(.post, "/api/job-queue/\(id)/cancel") } == "job.finished")
        #expect(code { try works.call(.post, "/api/job-queue/99/cancel") } == "job.not_found")
        _ = try works.call(.post, "/api/job-queue/\(id)/retry")
        works.settle()
        #expect(try works.marks() == ["p1", "p2", "p3"])
        #expect(code { try works.call(.post, "/api/job-queue/\(id)/retry") } == "job.not_retryable")
    }

    @Test func `running by hand takes the permissions, the job's own too, and no second one waits`() throws {
        let works = try Works(Works.chores([
            "jobs/secret.lua": #"return { id = "secret", permission = "chores.do", run = function() end }"#
        ]))
        let someone = Principal(kind: .user, userID: 1, username: "x", permissions: ["jobs.run"])
        #expect(code { try works.call(.post, "/api/jobs/chores.secret/run", as: someone) } == "auth.forbidden")
        #expect(code { try works.call(.post, "/api/jobs/chores.secret/run", as: Principal(kind: .user, permissions: ["chores.do"])) } == "auth.forbidden")
        #expect(code { try works.call(.post, "/api/jobs/chores.none/run") } == "job.unknown")
        _ = try works.run("chores.secret")
        #expect(code { try works.call(.post, "/api/jobs/chores.secret/run") } == "job.already_open")
        works.settle()
        _ = try works.run("chores.secret")
    }

    @Test func `scripts queue work under a key once, for later, and a rollback takes it back`() throws {
        let works = try Works(Works.chores([
            "jobs/pages.lua": Self.pages,
            "routes/ask.lua": #"""
                return { method = "POST", path = "/api/ask", permission = "chores.do", input = { { "fail", "boolean" } }, run = function(req)
                  local a = job.enqueue("pages", { name = "k", count = 1 }, { key = "same" })
                  local b = job.enqueue("chores.pages", { name = "k", count = 1 }, { key = "same" })
                  job.enqueue("pages", { name = "later", count = 1 }, { delay = 3600 })
                  if req.body.fail then reject { code = "chores.no" } end
                  return { a = a, b = b }
                end }
                """#,
        ]))
        #expect(code { try works.call(.post, "/api/ask", ["fail": true]) } == "chores.no")
        works.settle()
        #expect(try works.marks() == [])
        let answer = try works.call(.post, "/api/ask").value
        #expect(answer["a"] == answer["b"])
        works.settle()
        #expect(try works.marks() == ["k1"])
        works.pass(seconds: 3_599)
        #expect(try works.marks() == ["k1"])
        works.pass(seconds: 1)
        #expect(try works.marks() == ["k1", "later1"])
    }

    @Test func `what a step keeps is there for the next one, what a failed one kept is not`() throws {
        let works = try Works(Works.chores([
            "jobs/keeper.lua": #"""
                return { id = "keeper", retry = { times = 1, delay = 1 }, run = function(cursor)
                  local seen = job.resume()
                  record.create("chores.mark", { label = tostring(cursor) .. ":" .. (seen and seen.n or "none") .. ":" .. job.current().attempt })
                  if not cursor then job.checkpoint({ n = 7 }) return "b" end
                  if job.current().attempt == 1 then job.checkpoint({ n = 8 }) error("again") end
                end }
                """#
        ]))
        _ = try works.run("chores.keeper")
        works.settle()
        works.pass(seconds: 1)
        #expect(try works.marks() == ["nil:none:1", "b:7:2"])
    }

    @Test func `fetch reads beside the lane, writes nothing, and hands what it found to run`() throws {
        let works = try Works(Works.chores([
            "jobs/pull.lua": #"""
                return { id = "pull",
                  fetch = function(cursor, args)
                    if args.write then record.create("chores.mark", { label = "wrong" }) end
                    return { found = record.count("chores.mark"), cursor = cursor }
                  end,
                  run = function(cursor, fetched)
                    record.create("chores.mark", { label = "found " .. fetched.found .. " at " .. tostring(cursor) })
                    if (cursor or 0) < 2 then return (cursor or 0) + 1 end
                  end }
                """#
        ]))
        _ = try works.run("chores.pull")
        works.settle()
        #expect(try works.marks() == ["found 0 at nil", "found 1 at 1", "found 2 at 2"])
        let id = try works.run("chores.pull", ["write": true])
        works.settle()
        let row = try works.row(id)
        #expect(row["last_error"]?.string?.contains("script.phase") == true, "\(row)")
        #expect(try works.marks().count == 3)
    }

    @Test func `plugins reach their own jobs only`() throws {
        let works = try Works(
            Works.chores(["jobs/pages.lua": Self.pages]),
            [
                "plugin.lua": #"return { name = "other", version = "1.0.0", depends = { chores = "^1.0" }, permissions = { { "other.do" } } }"#,
                "routes/meddle.lua": #"""
                    return { method = "POST", path = "/api/meddle", permission = "other.do", input = { { "cancel", "integer" } }, run = function(req)
                      if req.body.cancel then return { job.cancel(req.body.cancel) } end
                      return { job.enqueue("chores.pages", {}) }
                    end }
                    """#,
            ])
        let id = try works.run("chores.pages", ["name": "p", "count": 1])
        #expect(code { try works.call(.post, "/api/meddle") } == "script.argument")
        #expect(code { try works.call(.post, "/api/meddle", ["cancel": .int(id)]) } == "script.argument")
        #expect(try works.row(id)["state"] == "queued")
    }
}
