import Core
import Platform
import Storage
import Testing

/// Files: sending, referring, who may have one, and when they go.
@Suite struct FileFieldTests {
    static let files = [
        "plugin.lua": #"""
            return { name = "deeds", version = "1.0.0", permissions = { { "deeds.see" }, { "deeds.edit" } } }
            """#,
        "records/deed.lua": #"""
            return { type = "deeds.deed", title = "Deed", path = "deeds", permissions = { read = "deeds.see", write = "deeds.edit" }, scope = "branch",
              fields = { { "branch", "ref", to = "branch" }, { "label", "text", required = true }, { "scan", "file", types = { "image/*", "text/plain" } },
                { "pages", "lines", fields = { { "number", "integer" }, { "image", "file" } } } } }
            """#,
        "routes/read.lua": #"""
            return { method = "POST", path = "/api/deeds-read", permission = "deeds.edit", input = { { "file", "integer", required = true } },
              run = function(req) local file = file.read(req.body.file) return { name = file.name, text = file.bytes, size = file.size } end }
            """#,
        "routes/make.lua": #"""
            return { method = "POST", path = "/api/deeds-make", permission = "deeds.edit", input = { { "text", "text" }, { "file", "integer" } },
              run = function(req)
                local id = req.body.file or file.create { name = "made.txt", type = "text/plain", bytes = req.body.text }.id
                local deed = record.create("deeds.deed", { label = "made", scan = id })
                return { deed = deed.id, file = id, text = file.read(id).bytes }
              end }
            """#,
    ]
    static let spy = [
        "plugin.lua": #"return { name = "spy", version = "1.0.0", permissions = { { "spy.do" } } }"#,
        "records/note.lua": #"""
            return { type = "spy.note", path = "spy-notes", permissions = { read = "spy.do", write = "spy.do" }, fields = { { "scan", "file" } } }
            """#,
        "routes/read.lua": #"""
            return { method = "POST", path = "/api/spy-read", permission = "spy.do", input = { { "file", "integer", required = true } },
              run = function(req) return { text = file.read(req.body.file).bytes } end }
            """#,
        "routes/take.lua": #"""
            return { method = "POST", path = "/api/spy-take", permission = "spy.do", input = { { "file", "integer", required = true } },
              run = function(req) record.create("spy.note", { scan = req.body.file }) return {} end }
            """#,
    ]

    private struct House {
        let works: Works
        var esi: Principal
        var kofi: Principal
        let accra: Int64
        let kumasi: Int64
    }

    private func house() throws -> House {
        let works = try Works(Self.files, Self.spy)
        let actor = works.house.actor
        let branches = try works.tenant.store.write { db in
            [try Branches.create(db, actor, code: "ACC", name: "Accra").id, try Branches.create(db, actor, code: "KUM", name: "Kumasi").id]
        }
        let all: Set<String> = ["deeds.see", "deeds.edit", "spy.do"]
        return House(
            works: works, esi: Principal(kind: .user, userID: 11, username: "esi", permissions: all, branchIDs: [branches[0]]),
            kofi: Principal(kind: .user, userID: 12, username: "kofi", permissions: all, branchIDs: [branches[1]]), accra: branches[0],
            kumasi: branches[1])
    }

    private func send(_ house: House, _ text: String, as principal: Principal, type: String = "text/plain", name: String = "a.txt") throws -> Int64 {
        let reply = try house.works.call(
            .post, "/api/files", as: principal, query: [("name", name)], bytes: Array(text.utf8), contentType: type)
        return try #require(reply.value["id"]?.int)
    }

    private func text(_ house: House, _ id: Int64, as principal: Principal) throws -> String {
        guard case .bytes(let bytes, _) = try house.works.call(.get, "/api/files/\(id)", as: principal).body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func rows(_ house: House, _ table: String) throws -> Int64 {
        try house.works.tenant.store.read { db in try db.integer(SQL("SELECT count(*) FROM \(table)")) }
    }

    @Test func `a file is sent, referred to, and had by who may read the record`() throws {
        let house = try house()
        let id = try send(house, "the deed", as: house.esi, type: "text/plain; charset=utf-8", name: "../dir/De ed\"\u{e9}.txt")
        #expect(try text(house, id, as: house.esi) == "the deed")
        // Nobody else has it while no record refers to it, not even who may do everything.
        #expect(code { try text(house, id, as: house.kofi) } == "file.not_found")
        #expect(code { try text(house, id, as: Works.manager) } == "file.not_found")
        let deed = try house.works.call(.post, "/api/deeds", ["label": "x", "branch": .int(house.accra), "scan": .int(id)], as: house.esi).value
        #expect(deed["scan"] == .int(id))
        #expect(try text(house, id, as: Works.manager) == "the deed")
        #expect(code { try text(house, id, as: house.kofi) } == "file.not_found")
        var elsewhere = house.kofi
        elsewhere.branchIDs = [house.accra]
        #expect(try text(house, id, as: elsewhere) == "the deed")
        elsewhere.permissions = ["spy.do"]
        #expect(code { try text(house, id, as: elsewhere) } == "file.not_found")
        let reply = try house.works.call(.get, "/api/files/\(id)", as: house.esi)
        #expect(reply.headers.contains { $0.0 == "Content-Disposition" && $0.1 == "attachment; filename=\"De ed___.txt\"; filename*=UTF-8''De%20ed%22%C3%A9.txt" })
        guard case .bytes(_, let type) = reply.body else { return }
        #expect(type == "text/plain")
    }

    @Test func `nobody puts a file into a record who may not have it`() throws {
        let house = try house()
        let id = try send(house, "mine", as: house.esi)
        let body: Value = ["label": "x", "branch": .int(house.kumasi), "scan": .int(id)]
        #expect(code { try house.works.call(.post, "/api/deeds", body, as: house.kofi) } == "record.invalid")
        #expect(code { try house.works.call(.post, "/api/deeds", ["label": "x", "pages": [["image": .int(id)]]], as: house.kofi) } == "record.invalid")
        #expect(code { try house.works.call(.post, "/api/deeds", ["label": "x", "scan": 999], as: house.kofi) } == "record.invalid")
        let own = try house.works.call(.post, "/api/deeds", ["label": "x", "branch": .int(house.kumasi)], as: house.kofi).value["id"]?.int ?? 0
        #expect(code { try house.works.call(.patch, "/api/deeds/\(own)", ["scan": .int(id)], as: house.kofi) } == "record.invalid")
        // What a field does not take.
        let pdf = try send(house, "%PDF", as: house.esi, type: "application/pdf")
        #expect(code { try house.works.call(.post, "/api/deeds", ["label": "x", "scan": .int(pdf)], as: house.esi) } == "record.invalid")
        let page = try house.works.call(.post, "/api/deeds", ["label": "x", "branch": .int(house.accra), "pages": [["number": 1, "image": .int(pdf)]]], as: house.esi)
        #expect(try text(house, pdf, as: Works.manager) == "%PDF")
        // What is there stays, whoever changes the rest.
        let deed = page.value["id"]?.int ?? 0
        _ = try house.works.call(.patch, "/api/deeds/\(deed)", ["label": "y", "pages": [["number": 2, "image": .int(pdf)]]])
    }

    @Test func `a plugin has its own files and those of records it may read, and no others`() throws {
        let house = try house()
        let works = house.works
        let made = try works.call(.post, "/api/deeds-make", ["text": "by plugin"], as: house.esi).value
        let file = made["file"]?.int ?? 0
        #expect(made["text"] == "by plugin")
        #expect(try works.call(.post, "/api/deeds-read", ["file": .int(file)], as: house.kofi).value["text"] == "by plugin")
        #expect(code { try works.call(.post, "/api/spy-read", ["file": .int(file)], as: house.esi) } == "file.not_found")
        #expect(code { try works.call(.post, "/api/spy-take", ["file": .int(file)], as: house.esi) } == "record.invalid")
        // What somebody has just sent is for the plugin to which they hand it, once a record refers to it.
        let sent = try send(house, "handed", as: house.esi)
        #expect(code { try works.call(.post, "/api/spy-read", ["file": .int(sent)], as: house.esi) } == "file.not_found")
        #expect(code { try works.call(.post, "/api/spy-take", ["file": .int(sent)], as: house.kofi) } == "record.invalid")
        #expect(try works.call(.post, "/api/deeds-make", ["file": .int(sent)], as: house.esi).value["text"] == "handed")
        #expect(code { try works.call(.post, "/api/spy-take", ["file": .int(sent)], as: house.esi) } == "record.invalid")
    }

    @Test func `the same bytes are kept once, and what nobody refers to goes after a day`() throws {
        let house = try house()
        let works = house.works
        let first = try send(house, "same", as: house.esi), second = try send(house, "same", as: house.kofi), third = try send(house, "other", as: house.esi)
        #expect(try rows(house, "platform_file_contents") == 2)
        let deed = try works.call(.post, "/api/deeds", ["label": "x", "branch": .int(house.accra), "scan": .int(first)], as: house.esi).value["id"]?.int ?? 0
        func sweep(after seconds: Int64) throws {
            works.house.advance(seconds: seconds)
            works.house.instance.sweepExpired()
            // The lane is through with it when this is answered.
            try works.tenant.store.write { _ in }
        }
        try sweep(after: 86_000)
        #expect(try rows(house, "platform_files") == 3)
        try sweep(after: 500)
        #expect(try rows(house, "platform_files") == 1)
        #expect(try rows(house, "platform_file_contents") == 1)
        #expect(code { try text(house, second, as: house.kofi) } == "file.not_found")
        #expect(code { try text(house, third, as: house.esi) } == "file.not_found")
        // From when the last record lets go of it, a day passes too.
        _ = try works.call(.patch, "/api/deeds/\(deed)", ["scan": .null], as: house.esi)
        try sweep(after: 10)
        #expect(try rows(house, "platform_files") == 1)
        try sweep(after: 80_000)
        #expect(try text(house, first, as: house.esi) == "same")
        try sweep(after: 7_000)
        #expect(try rows(house, "platform_files") == 0)
        #expect(try rows(house, "platform_file_contents") == 0)
    }

    @Test func `a file is no larger than the tenant has it, and of a type that there is`() throws {
        let house = try house()
        _ = try house.works.call(.put, "/api/settings", ["values": ["files.max_bytes": 2_000]])
        #expect(code { try send(house, String(repeating: "x", count: 2_001), as: house.esi) } == "file.too_large")
        _ = try send(house, String(repeating: "x", count: 2_000), as: house.esi)
        #expect(code { try send(house, "x", as: house.esi, type: "text/<html>") } == "file.media_type")
        #expect(code { try house.works.call(.put, "/api/settings", ["values": ["files.max_bytes": 99_000_000]]) } != nil)
    }

    @Test func `what a plugin left is exported with its files, and goes with them when it is purged`() throws {
        let house = try house()
        let works = house.works
        _ = try works.call(.post, "/api/deeds-make", ["text": "left"], as: house.esi)
        let (tenant, actor, clock) = (works.tenant, works.house.actor, works.house.clock)
        let after = try tenant.store.write { db in try PluginRemoval(db, tenant: tenant, actor: actor, clock: clock).uninstall("deeds") }
        tenant.revisionSlot.publish(after)
        works.house.advance(seconds: 200_000)
        works.house.instance.sweepExpired()
        try tenant.store.write { _ in }
        #expect(try rows(house, "platform_files") == 1)
        let lines = try tenant.store.read { db in
            var bytes: [UInt8] = []
            try PluginRemoval(db, tenant: tenant, actor: actor, clock: clock).export("deeds") { bytes += $0 }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        }
        #expect(lines.contains { $0.contains("\"made.txt\"") && $0.contains(Base64.encode(Array("left".utf8))) })
        try tenant.store.write { db in try PluginRemoval(db, tenant: tenant, actor: actor, clock: clock).purge("deeds") }
        for _ in 1...2 {
            works.house.advance(seconds: 200_000)
            works.house.instance.sweepExpired()
            try tenant.store.write { _ in }
        }
        #expect(try rows(house, "platform_files") == 0)
    }

    @Test func `bytes of any kind come back to scripts as they were, in parts`() throws {
        var files = Self.files
        files["routes/bytes.lua"] = #"""
            return { method = "POST", path = "/api/deeds-bytes", permission = "deeds.edit", run = function()
              -- 0, 255, 254, 65, 66, 67
              local made = file.create { name = "x.bin", base64 = "AP/+QUJD" }
              assert(made.type == "application/octet-stream" and made.size == 6)
              local read = file.read(made.id)
              assert(read.base64 == "AP/+QUJD" and read.bytes == nil)
              assert(file.read(made.id, { offset = 3, length = 2 }).bytes == "AB")
              assert(file.read(made.id, { offset = 1, length = 1 }).base64 == "/w==")
              assert(file.read(made.id, { offset = 5 }).bytes == "C" and file.read(made.id, { offset = 99 }).bytes == "")
              local text = string.rep("\u{e9}\0\n", 10000)
              assert(file.read(file.create { name = "t.txt", bytes = text }.id).bytes == text)
              for _, wrong in ipairs { { 1 }, { name = "x" }, { name = "x", bytes = "y", other = 1 }, { name = "x", bytes = 5 },
                { name = "x", base64 = "?" }, { name = "x", bytes = "\255" } } do
                assert(not pcall(file.create, wrong))
              end
              local done, refusal = pcall(file.create, { name = "x", bytes = "y", type = "nonsense" })
              assert(not done and refusal.code == "file.media_type")
              done, refusal = pcall(file.read, 4711)
              assert(not done and refusal.code == "file.not_found")
              return {}
            end }
            """#
        files["routes/csv.lua"] = #"""
            return { method = "POST", path = "/api/deeds-csv", permission = "deeds.edit", run = function()
              local text = file.csv({ { "a", 1, true, "x, \"y\"\nz" }, { "=1+1", decimal.new("1.5") } })
              assert(text == "a,1,true,\"x, \"\"y\"\"\nz\"\r\n'=1+1,1.5\r\n", text)
              local rows = file.parse_csv(text, { header = false })
              assert(#rows == 2 and rows[1][4] == "x, \"y\"\nz" and rows[2][1] == "=1+1")
              rows = file.parse_csv("name,price\nA,1\n\nB,2\n")
              assert(#rows == 2 and rows[2].name == "B" and rows[2].price == "2")
              assert(#file.parse_csv("") == 0)
              for _, wrong in ipairs { "a,b\n1\n", "a,a\n1,2\n", "a\n\"b\n" } do
                local done, refusal = pcall(file.parse_csv, wrong)
                assert(not done and refusal.code == "file.csv", wrong)
              end
              assert(not pcall(file.csv, { { name = "A" } }) and not pcall(file.csv, "x") and not pcall(file.csv, { 1 }))
              return {}
            end }
            """#
        let works = try Works(files)
        _ = try works.call(.post, "/api/deeds-bytes")
        _ = try works.call(.post, "/api/deeds-csv")
    }

    @Test(arguments: [
        (#"{ "scan", "file", unique = true }"#, "unique"), (#"{ "scan", "file", max = 5 }"#, "max"), (#"{ "scan", "file", to = "deeds.deed" }"#, "to"),
        (#"{ "scan", "ref", to = "file" }"#, "to"), (#"{ "scan", "text", types = { "image/png" } }"#, "types"), (#"{ "scan", "file", default = 1 }"#, "default"),
    ])
    func `a field of files that cannot be is refused`(field: String, member: String) throws {
        let works = try Works()
        let files = [
            "plugin.lua": Self.files["plugin.lua"] ?? "",
            "records/deed.lua": "return { type = \"deeds.deed\",\n permissions = { read = \"deeds.see\", write = \"deeds.edit\" },\n fields = { \(field) } }",
        ]
        let error = #expect(throws: DeclarationError.self) { try works.install(files) }
        #expect(error?.field == "fields[1].\(member)" && error?.file == "deeds/records/deed.lua", "\(error?.problem.detail ?? "")")
    }
}
