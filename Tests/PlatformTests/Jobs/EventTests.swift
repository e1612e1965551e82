import Core
import Platform
import Storage
import Testing

@Suite struct EventTests {
    private static let listener = [
        "plugin.lua": #"return { name = "listener", version = "1.0.0", depends = { chores = "^1.0" }, capabilities = { record = { write = { "chores.mark" } } } }"#,
        "hooks/heard.lua": #"""
            return { id = "heard", on = "event:chores.rang", run = function(payload, ctx)
              record.create("chores.mark", { label = ctx.event .. " " .. payload.bell })
            end }
            """#,
    ]

    private static let ringing = [
        "routes/ring.lua": #"""
            return { method = "POST", path = "/api/ring", permission = "chores.do", input = { { "bell", "text" }, { "fail", "boolean" } }, run = function(req)
              event.emit("chores.rang", { bell = req.body.bell })
              if req.body.fail then reject { code = "chores.no" } end
              return {}
            end }
            """#,
        "hooks/own.lua": #"""
            return { id = "own", on = "event:chores.rang", run = function(payload) record.create("chores.mark", { label = "own " .. payload.bell }) end }
            """#,
    ]

    @Test func `subscribers hear of an event once each, after the commit and only of what was committed`() throws {
        let works = try Works(Works.chores(Self.ringing), Self.listener)
        #expect(code { try works.call(.post, "/api/ring", ["bell": "x", "fail": true]) } == "chores.no")
        _ = try works.call(.post, "/api/ring", ["bell": "door"])
        #expect(try works.marks() == [])
        works.settle()
        works.settle()
        #expect(try works.marks() == ["own door", "chores.rang door"])
        #expect(try works.runs("listener/heard").map { $0["result"] } == ["done"])
    }

    @Test func `a subscriber that fails is tried again by itself`() throws {
        var hooks = Self.ringing
        hooks["hooks/failing.lua"] = #"""
            return { id = "failing", on = "event:chores.rang", run = function(payload, ctx)
              if record.count("chores.mark") < 2 then error("too early") end
              record.create("chores.mark", { label = "late" })
            end }
            """#
        let works = try Works(Works.chores(hooks), Self.listener)
        _ = try works.call(.post, "/api/ring", ["bell": "door"])
        works.settle()
        #expect(try works.marks() == ["own door", "chores.rang door"])
        works.pass(seconds: 10)
        #expect(try works.marks() == ["own door", "chores.rang door", "late"])
    }

    @Test func `events are for those who depend on their teller, and told by nobody else`() throws {
        let works = try Works(Works.chores(Self.ringing))
        #expect(
            code {
                try works.install([
                    "plugin.lua": #"return { name = "spy", version = "1.0.0" }"#,
                    "hooks/h.lua": #"return { id = "h", on = "event:chores.rang", run = function() end }"#,
                ])
            } == "script.contract")
        try works.install([
            "plugin.lua": #"return { name = "liar", version = "1.0.0", permissions = { { "liar.do" } } }"#,
            "routes/lie.lua": #"""
                return { method = "POST", path = "/api/lie", permission = "liar.do", run = function() event.emit("chores.rang", { bell = "false" }) end }
                """#,
        ])
        #expect(code { try works.call(.post, "/api/lie") } == "script.argument")
    }

    @Test func `hooks after the commit see the record as it is by then`() throws {
        let works = try Works(Works.chores([
            "hooks/seen.lua": #"""
                return { id = "seen", on = "chores.mark", phase = "after_commit", run = function(mark, ctx)
                  if mark and mark.label:find("^seen") then return end
                  record.create("chores.mark", { label = "seen " .. ctx.change .. " " .. (mark and mark.label or "nothing") })
                end }
                """#
        ]))
        let made = try works.call(.post, "/api/marks", ["label": "a"]).value
        works.settle()
        #expect(try works.marks() == ["a", "seen created a"])
        let id = try #require(made["id"]?.int)
        try works.tenant.store.write { db in try db.run(SQL("DELETE FROM chores_marks WHERE id > 1")) }
        _ = try works.call(.patch, "/api/marks/\(id)", ["label": "b"])
        works.settle()
        #expect(try works.marks() == ["b", "seen updated b"])
    }

    @Test func `nothing is heard in a phase that may not write`() throws {
        let works = try Works(Works.chores([
            "hooks/v.lua": #"return { id = "v", on = "chores.mark", phase = "validate", run = function() event.emit("chores.x", {}) end }"#
        ]))
        #expect(code { try works.call(.post, "/api/marks", ["label": "a"]) } == "script.phase")
    }
}
