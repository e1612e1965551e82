import Core
import Platform
import Testing

/// States and the moves between them.
@Suite struct RecordMoveTests {
    static let files = [
        "records/job.lua": #"""
            return {
              type = "odd.task", title = "Task", path = "tasks",
              permissions = { read = "odd.see", write = "odd.edit" },
              fields = {
                { "name", "text", required = true },
                { "status", "enum", values = { "NEW", "DOING", "DONE" } },
                { "done_on", "date" },
              },
              number = { series = "TSK-{year}-{seq:4}", gapless = true },
              state = { field = "status", initial = "NEW", moves = {
                { "NEW", "DOING" },
                { "DOING", "NEW", permission = "odd.move" },
                { "DOING", "DONE", title = "Finish",
                  guard = function(task, context)
                    if task.name == "never" then return "It never ends." end
                    if task.name == "false" then return false end
                    if task.name == "writes" then record.update("odd.task", task.id, { name = "x" }) end
                  end,
                  effect = function(task, context) task.done_on = date.today(); task.name = task.name .. " (" .. context.note .. ")" end },
              } },
            }
            """#,
        "routes/finish.lua": #"""
            return { method = "POST", path = "/api/tasks-finish", permission = "odd.edit", input = { { "id", "integer", required = true } },
              run = function(req)
                local task = record.get("odd.task", req.body.id)
                task:move("DOING")
                assert(task.status == "DOING" and not task:changed("status"))
                record.move("odd.task", task.id, "DONE", "by script")
                return { status = record.get("odd.task", task.id).status }
              end }
            """#,
        "routes/cheat.lua": #"""
            return { method = "POST", path = "/api/tasks-cheat", permission = "odd.edit", input = { { "id", "integer", required = true } },
              run = function(req) record.update("odd.task", req.body.id, { status = "DONE" }) end }
            """#,
    ]

    static func shop() throws -> Shop {
        let shop = try Shop()
        try shop.install("odd", files)
        return shop
    }

    private func task(_ shop: Shop, _ name: String = "sweep") throws -> Int64 {
        try shop.call(.post, "/api/tasks", ["name": .string(name)]).value["id"]?.int ?? 0
    }

    @Test func `a record moves as its type says, and leaves a trace`() throws {
        let shop = try Self.shop()
        let id = try task(shop)
        let made = try shop.get("/api/tasks/\(id)")
        #expect(made["status"] == "NEW" && made["number"] == "TSK-2026-0001")
        _ = try shop.call(.post, "/api/tasks/\(id)/moves/DOING")
        let done = try shop.call(.post, "/api/tasks/\(id)/moves/DONE", ["note": "at last"], ifMatch: "\"2\"").value
        #expect(done["status"] == "DONE" && done["done_on"] == "2026-01-05" && done["name"] == "sweep (at last)" && done["version"] == 3)
        let moves = try shop.get("/api/tasks/\(id)/moves")["items"]?.array ?? []
        #expect(moves.map { "\($0["from"]?.string ?? "")>\($0["to"]?.string ?? "") \($0["note"]?.string ?? "")" } == ["NEW>DOING ", "DOING>DONE at last"])
        let audit = try shop.house.audit().filter { $0["action"] == "odd.task.updated" }
        #expect(audit.count == 2)
    }

    @Test func `a move that there is not is refused, naming those that there are`() throws {
        let shop = try Self.shop()
        let id = try task(shop)
        let problem = try shop.refuses("record.move_not_allowed", status: 409, field: "status") { try shop.call(.post, "/api/tasks/\(id)/moves/DONE") }
        #expect(problem?.extra.first { $0.0 == "allowed" }?.1 == ["DOING"])
        try shop.refuses("record.move_not_allowed", status: 409) { try shop.call(.post, "/api/tasks/\(id)/moves/NOWHERE") }
    }

    @Test func `the guard says no, and then nothing has happened`() throws {
        let shop = try Self.shop()
        for (name, wanted) in [("never", "record.move_refused"), ("false", "record.move_refused")] {
            let id = try task(shop, name)
            _ = try shop.call(.post, "/api/tasks/\(id)/moves/DOING")
            let problem = try shop.refuses(wanted, status: 409) { try shop.call(.post, "/api/tasks/\(id)/moves/DONE") }
            if name == "never" { #expect(problem?.detail == "It never ends.") }
        }
        // A guard looks; it does not write.
        let id = try task(shop, "writes")
        _ = try shop.call(.post, "/api/tasks/\(id)/moves/DOING")
        try shop.refuses("script.phase") { try shop.call(.post, "/api/tasks/\(id)/moves/DONE") }
    }

    @Test func `a move takes its own permission`() throws {
        let shop = try Self.shop()
        let id = try task(shop)
        var clerk = shop.cashier
        clerk.permissions = ["odd.see", "odd.edit"]
        _ = try shop.call(.post, "/api/tasks/\(id)/moves/DOING", as: clerk)
        try shop.refuses("auth.forbidden", status: 403) { try shop.call(.post, "/api/tasks/\(id)/moves/NEW", as: clerk) }
        clerk.permissions = ["odd.see", "odd.move"]
        _ = try shop.call(.post, "/api/tasks/\(id)/moves/NEW", as: clerk)
        try shop.refuses("auth.forbidden", status: 403) { try shop.call(.post, "/api/tasks/\(id)/moves/DOING", as: clerk) }
    }

    @Test func `the state changes by moves only`() throws {
        let shop = try Self.shop()
        let id = try task(shop)
        try shop.refuses("request.invalid", field: "status") { try shop.call(.patch, "/api/tasks/\(id)", ["status": "DONE"]) }
        try shop.refuses("request.invalid", field: "status") { try shop.call(.post, "/api/tasks", ["name": "n", "status": "DONE"]) }
        try shop.refuses("record.invalid", field: "status") { try shop.call(.post, "/api/tasks-cheat", ["id": .int(id)]) }
        #expect(try shop.call(.post, "/api/tasks-finish", ["id": .int(id)]).value["status"] == "DONE")
    }
}
