import Core
import Platform
import Storage
import Testing

/// Documents that are drafted, posted and voided: the hooks on their way, what is told of them, and that they stay as they are.
@Suite struct RecordPostingTests {
    static let files = [
        "plugin.lua": #"""
            return { name = "bills", version = "1.0.0",
              permissions = { { "bills.see" }, { "bills.edit" }, { "bills.post" } } }
            """#,
        "records/bill.lua": #"""
            return {
              type = "bills.bill", title = "Bill", path = "bills", permissions = { read = "bills.see", write = "bills.edit" },
              fields = {
                { "label", "text", required = true }, { "total", "money", default = 0 }, { "points", "integer" }, { "reason", "text" },
                { "status", "enum", values = { "DRAFT", "CHECKED", "POSTED", "PAID", "VOID" } },
              },
              state = { field = "status", initial = "DRAFT", moves = {
                { "DRAFT", "CHECKED" }, { "CHECKED", "DRAFT" },
                { "CHECKED", "POSTED", post = true, permission = "bills.post",
                  guard = function(bill) if bill.label == "refuse" then return "Not this one." end end,
                  effect = function(bill) bill.label = bill.label .. " #" .. tostring(bill.points) end },
                { "DRAFT", "POSTED", post = true, permission = "bills.post" },
                { "POSTED", "PAID" },
                { "POSTED", "VOID", void = true }, { "PAID", "VOID", void = true },
              } },
            }
            """#,
        "records/mark.lua": #"""
            return { type = "bills.mark", path = "marks", permissions = { read = "bills.see", write = "bills.edit" },
              fields = { { "label", "text", required = true } } }
            """#,
        "hooks/a.lua": #"""
            return { id = "a", on = "bills.bill", phase = "before_post", run = function(bill)
              if bill.label == "fails" then error("no") end
              if bill.label == "rejects" then reject { code = "bills.no", field = "label" } end
              bill.points = bill.total.minor // 100
              record.create("bills.mark", { label = "before_post " .. bill.label .. " " .. bill.status })
            end }
            """#,
        "hooks/b.lua": #"""
            return { id = "b", on = "bills.bill", phase = "after_post", run = function(bill, ctx)
              record.create("bills.mark", { label = "after_post " .. ctx.change .. " " .. bill.status })
            end }
            """#,
        "hooks/c.lua": #"""
            return { id = "c", on = "bills.bill", phase = "before_void", run = function(bill)
              bill.reason = "void"
              record.create("bills.mark", { label = "before_void " .. bill.status })
            end }
            """#,
        "hooks/d.lua": #"""
            return { id = "d", on = "bills.bill", phase = "after_void", run = function(bill, ctx)
              record.create("bills.mark", { label = "after_void " .. ctx.change .. " " .. bill.status })
            end }
            """#,
        "hooks/e.lua": #"""
            return { id = "e", on = "event:bills.bill.moved", run = function(move, ctx)
              record.create("bills.mark", { label = "moved " .. move.from .. ">" .. move.to .. " " .. move.note .. " "
                .. tostring(move.posted) .. " " .. tostring(move.voided) .. " " .. move.id })
            end }
            """#,
        "routes/drive.lua": #"""
            return { method = "POST", path = "/api/bills-drive", permission = "bills.edit", input = { { "id", "integer", required = true }, { "do", "text" } },
              run = function(req)
                local bill, verb = record.get("bills.bill", req.body.id), req.body["do"]
                if verb == "post" then bill:post("by script") end
                if verb == "void" then bill:void() end
                if verb == "save" then bill.label = "other"; bill:save() end
                if verb == "delete" then record.delete("bills.bill", bill.id) end
                return { status = record.get("bills.bill", bill.id).status, same = bill.status }
              end }
            """#,
    ]

    private func marks(_ works: Works) throws -> [String] {
        try works.tenant.store.read { db in try db.query(SQL("SELECT label FROM bills_marks ORDER BY id")) { $0.text(0) } }
    }

    private func bill(_ works: Works, _ label: String = "one", total: Int64 = 1_250) throws -> Int64 {
        try works.call(.post, "/api/bills", ["label": .string(label), "total": .int(total)]).value["id"]?.int ?? 0
    }

    private func events(_ works: Works) throws -> Int64 {
        try works.tenant.store.read { db in try db.integer(SQL("SELECT count(*) FROM platform_events")) }
    }

    @Test func `a document is posted and voided with its hooks, and each move is told`() throws {
        let works = try Works(Self.files)
        let id = try bill(works)
        _ = try works.call(.post, "/api/bills/\(id)/moves/CHECKED")
        let posted = try works.call(.post, "/api/bills/\(id)/moves/POSTED", ["note": "go"]).value
        // What the hook filled in, the effect sees.
        #expect(posted["status"] == "POSTED" && posted["points"] == 12 && posted["label"] == "one #12")
        #expect(try marks(works) == ["before_post one CHECKED"])
        works.settle()
        #expect(try marks(works) == [
            "before_post one CHECKED", "moved DRAFT>CHECKED  false false 1", "moved CHECKED>POSTED go true false 1", "after_post posted POSTED",
        ])
        let voided = try works.call(.post, "/api/bills-drive", ["id": .int(id), "do": "void"]).value
        #expect(voided["status"] == "VOID" && voided["same"] == "VOID")
        #expect(try works.call(.get, "/api/bills/\(id)").value["reason"] == "void")
        works.settle()
        #expect(try marks(works).dropFirst(4) == ["before_void POSTED", "moved POSTED>VOID  false true 1", "after_void voided VOID"])
    }

    @Test func `what is posted is changed and deleted by nobody`() throws {
        let works = try Works(Self.files)
        let id = try bill(works)
        #expect(try works.call(.post, "/api/bills-drive", ["id": .int(id), "do": "post"]).value["status"] == "POSTED")
        let before = try works.call(.get, "/api/bills/\(id)").value
        #expect(code { try works.call(.patch, "/api/bills/\(id)", ["label": "two"]) } == "record.posted")
        #expect(code { try works.call(.delete, "/api/bills/\(id)") } == "record.posted")
        #expect(code { try works.call(.post, "/api/bills-drive", ["id": .int(id), "do": "save"]) } == "record.posted")
        #expect(code { try works.call(.post, "/api/bills-drive", ["id": .int(id), "do": "delete"]) } == "record.posted")
        // It stays so in the states behind it.
        _ = try works.call(.post, "/api/bills/\(id)/moves/PAID")
        #expect(code { try works.call(.patch, "/api/bills/\(id)", ["label": "two"]) } == "record.posted")
        _ = try works.call(.post, "/api/bills/\(id)/moves/VOID")
        #expect(code { try works.call(.patch, "/api/bills/\(id)", ["label": "two"]) } == "record.posted")
        #expect(try works.call(.get, "/api/bills/\(id)").value["label"] == before["label"])
        // What changes nothing is no change, and a draft is open.
        _ = try works.call(.patch, "/api/bills/\(id)", ["label": before["label"] ?? .null])
        let draft = try bill(works)
        _ = try works.call(.patch, "/api/bills/\(draft)", ["label": "two"])
        _ = try works.call(.delete, "/api/bills/\(draft)")
    }

    @Test func `a refused posting leaves nothing behind, no event and no job`() throws {
        let works = try Works(Self.files)
        for (label, wanted) in [("fails", "script.error"), ("rejects", "bills.no"), ("refuse", "record.move_refused")] {
            let id = try bill(works, label)
            _ = try works.call(.post, "/api/bills/\(id)/moves/CHECKED")
            works.settle()
            let before = try (marks(works), events(works))
            #expect(code { try works.call(.post, "/api/bills/\(id)/moves/POSTED") } == wanted)
            works.settle()
            #expect(try marks(works) == before.0)
            #expect(try events(works) == before.1)
            #expect(try works.call(.get, "/api/bills/\(id)").value["status"] == "CHECKED")
        }
        let id = try bill(works)
        var clerk = Works.manager
        clerk.permissions = ["bills.see", "bills.edit"]
        let before = try events(works)
        #expect(code { try works.call(.post, "/api/bills/\(id)/moves/POSTED", as: clerk) } == "auth.forbidden")
        #expect(code { try works.call(.post, "/api/bills-drive", ["id": .int(id), "do": "post"], as: clerk) } == "auth.forbidden")
        #expect(code { try works.call(.post, "/api/bills-drive", ["id": .int(id), "do": "void"]) } == "record.move_not_allowed")
        #expect(try events(works) == before)
    }

    @Test(arguments: [
        (#"{ "DRAFT", "POSTED", post = true }, { "POSTED", "DRAFT" }"#, "back to DRAFT"),
        (#"{ "DRAFT", "POSTED", post = true }, { "POSTED", "PAID", post = true }"#, "posted already"),
        (#"{ "DRAFT", "VOID", void = true }"#, "no record is posted yet"),
        (#"{ "DRAFT", "POSTED", post = true, void = true }"#, "post and void at once"),
        (#"{ "DRAFT", "POSTED", post = true }, { "DRAFT", "PAID", post = true }"#, "as the move to POSTED does already"),
        (#"{ "DRAFT", "POSTED", post = true }, { "POSTED", "VOID", void = true }, { "VOID", "PAID" }"#, "out of VOID"),
    ])
    func `moves that make no sense are refused`(moves: String, message: String) throws {
        let works = try Works()
        let files = [
            "plugin.lua": Self.files["plugin.lua"] ?? "",
            "records/bill.lua": """
                return { type = "bills.bill", permissions = { read = "bills.see", write = "bills.edit" },
                  fields = { { "status", "enum", values = { "DRAFT", "POSTED", "PAID", "VOID" } } },
                  state = { field = "status", initial = "DRAFT", moves = { \(moves) } } }
                """,
        ]
        let error = #expect(throws: DeclarationError.self) { try works.install(files) }
        #expect(error?.message.contains(message) == true && error?.file == "bills/records/bill.lua", "\(error?.message ?? "")")
    }

    @Test func `a hook of posting needs a type that posts`() throws {
        let works = try Works()
        let files = Self.files.merging(["hooks/x.lua": #"return { id = "x", on = "bills.mark", phase = "before_void", run = function() end }"#]) { $1 }
        let error = #expect(throws: DeclarationError.self) { try works.install(files) }
        #expect(error?.field == "phase" && error?.file == "bills/hooks/x.lua")
    }

    @Test func `the checker knows in which phase the functions of a record type run`() throws {
        var files = Self.files
        files["records/bill.lua"] = Self.files["records/bill.lua"]?
            .replacing("if bill.label == \"refuse\" then", with: "record.create(\"bills.mark\", { label = bill.label }) if bill.label == \"refuse\" then")
            .replacing("bill.label = bill.label .. \" #\"", with: "http.request { url = bill.label } bill.label = bill.label .. \" #\"")
        let findings = ScriptCheck.plugin(files.mapValues { Array($0.utf8) }, dependencies: []).filter { $0.code == "check.phase" }
        #expect(findings.map(\.file) == ["bills/records/bill.lua", "bills/records/bill.lua"], "\(findings.map(\.text))")
        #expect(findings.first?.message.contains("record.create is not allowed in phase “validate”") == true)
        #expect(findings.last?.message.contains("http.request is not allowed in phase “before_save”") == true)
    }
}
