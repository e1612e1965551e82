import Core
import Platform
import Storage
import Testing

/// Records of a branch: who works in another neither sees nor touches them, whatever the way.
@Suite struct RecordBranchTests {
    private static let files = [
        "plugin.lua": #"return { name = "desk", version = "1.0.0", permissions = { { "desk.see" }, { "desk.edit" }, { "desk.close" } } }"#,
        "records/ticket.lua": #"""
            return { type = "desk.ticket", title = "Ticket", path = "tickets", scope = "branch", soft_delete = true,
              permissions = { read = "desk.see", write = "desk.edit" },
              fields = { { "branch", "ref", to = "branch" }, { "label", "text", required = true }, { "status", "enum", values = { "OPEN", "DONE" } } },
              state = { field = "status", initial = "OPEN", moves = { { "OPEN", "DONE", permission = "desk.close" } } } }
            """#,
    ]

    private let works: Works
    /// Of Accra alone.
    private let esi: Principal
    private let accra: Int64
    private let kumasi: Int64
    private let here: Int64
    private let there: Int64
    private let nowhere: Int64

    init() throws {
        let works = try Works(Self.files)
        self.works = works
        let actor = works.house.actor
        let branches = try works.tenant.store.write { db in
            [try Branches.create(db, actor, code: "ACC", name: "Accra").id, try Branches.create(db, actor, code: "KUM", name: "Kumasi").id]
        }
        (accra, kumasi) = (branches[0], branches[1])
        esi = Principal(
            kind: .user, userID: 11, username: "esi", permissions: ["desk.see", "desk.edit", "desk.close"], branchIDs: [branches[0]])
        here = try Self.make(works, "here", branches[0])
        there = try Self.make(works, "there", branches[1])
        nowhere = try Self.make(works, "nowhere", nil)
    }

    private static func make(_ works: Works, _ label: String, _ branch: Int64?) throws -> Int64 {
        var body: Object = ["label": .string(label)]
        if let branch { body["branch"] = .int(branch) }
        return try #require(works.call(.post, "/api/tickets", .object(body)).value["id"]?.int)
    }

    private func labels(_ query: [(String, String)] = []) throws -> [String] {
        try works.call(.get, "/api/tickets", as: esi, query: query).value["items"]?.array?.compactMap { $0["label"]?.string } ?? []
    }

    private func everything() throws -> [String] {
        try works.tenant.store.read { db in
            try db.query(SQL("SELECT id || branch_id || label || status || version || coalesce(deleted_at, '') FROM desk_tickets ORDER BY id")) { $0.optionalText(0) ?? "" }
        }
    }

    @Test func `lists, reading and history show one's own branches`() throws {
        #expect(try labels() == ["here"])
        #expect(try labels([("branch", "\(kumasi)")]) == [])
        #expect(try labels([("branch.ne", "\(accra)")]) == [])
        #expect(try labels([("label.in", "here,there,nowhere")]) == ["here"])
        #expect(try works.call(.get, "/api/tickets/\(here)", as: esi).value["label"] == "here")
        for id in [there, nowhere] {
            #expect(code { try works.call(.get, "/api/tickets/\(id)", as: esi) } == "record.not_found")
            #expect(code { try works.call(.get, "/api/tickets/\(id)/moves", as: esi) } == "record.not_found")
        }
        _ = try works.call(.delete, "/api/tickets/\(there)")
        #expect(try labels([("deleted", "true")]) == [])
        #expect(code { try works.call(.post, "/api/tickets/\(there)/restore", as: esi) } == "record.not_found")
        #expect(try works.call(.get, "/api/tickets").value["items"]?.array?.count == 2)
    }

    @Test func `nothing of another branch is changed, moved, deleted or taken over`() throws {
        let before = try everything()
        for id in [there, nowhere] {
            #expect(code { try works.call(.patch, "/api/tickets/\(id)", ["label": "x"], as: esi) } == "record.not_found")
            #expect(code { try works.call(.patch, "/api/tickets/\(id)", ["branch": .int(accra)], as: esi) } == "record.not_found")
            #expect(code { try works.call(.delete, "/api/tickets/\(id)", as: esi) } == "record.not_found")
            #expect(code { try works.call(.post, "/api/tickets/\(id)/moves/DONE", as: esi) } == "record.not_found")
        }
        #expect(code { try works.call(.post, "/api/tickets", ["label": "x", "branch": .int(kumasi)], as: esi) } == "auth.not_member")
        #expect(code { try works.call(.post, "/api/tickets", ["label": "x"], as: esi) } == "auth.not_member")
        #expect(code { try works.call(.patch, "/api/tickets/\(here)", ["branch": .int(kumasi)], as: esi) } == "auth.not_member")
        #expect(code { try works.call(.patch, "/api/tickets/\(here)", ["branch": .null], as: esi) } == "auth.not_member")
        #expect(try everything() == before)
        _ = try works.call(.patch, "/api/tickets/\(here)", ["label": "mine"], as: esi)
        _ = try works.call(.post, "/api/tickets/\(here)/moves/DONE", as: esi)
        _ = try works.call(.post, "/api/tickets", ["label": "x", "branch": .int(accra)], as: esi)
    }

    @Test func `files go in and out for one's own branches`() throws {
        let csv = try works.text(.get, "/api/tickets/export", as: esi)
        #expect(csv.split(separator: "\r\n").count == 2 && csv.contains("here") && !csv.contains("there,"))
        let before = try everything()
        let rows = "id,label,branch\n\(there),x,\(accra)\n\(nowhere),x,\(accra)\n\(here),x,\(kumasi)\n,new,\(kumasi)\n,new,\n"
        let answer = try works.call(.post, "/api/tickets/import", as: esi, bytes: Array(rows.utf8)).value
        #expect(answer["failed"] == 5 && answer["created"] == 0 && answer["updated"] == 0)
        #expect(answer["rows"]?.array?.map { $0["code"]?.string } == ["record.not_found", "record.not_found", "auth.not_member", "auth.not_member", "auth.not_member"])
        #expect(try everything() == before)
        let own = try works.call(.post, "/api/tickets/import", as: esi, bytes: Array("id,label,branch\n\(here),y,\(accra)\n,new,\(accra)\n".utf8)).value
        #expect(own["created"] == 1 && own["updated"] == 1)
    }

    @Test func `what a type is, is told to who may read it`() throws {
        let meta = MetaEndpoints.endpoints[0]
        func types(_ principal: Principal) throws -> [Value] {
            let revision = try works.tenant.store.read { db in try RevisionLibrary(db).current() }
            let call = Call(
                endpoint: meta, instance: works.house.instance, tenant: works.tenant, revision: revision, principal: principal, requestID: "r",
                now: works.house.now)
            return try meta.handle(call).value["items"]?.array ?? []
        }
        #expect(try types(esi).map { $0["type"] } == ["desk.ticket"])
        #expect(try types(esi).first?["scope"] == "branch")
        var other = esi
        other.permissions = []
        #expect(try types(other).isEmpty)
    }
}
