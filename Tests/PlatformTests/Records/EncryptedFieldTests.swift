import Core
import Platform
import Storage
import Testing

/// Encrypted text: what is in the file, who is shown it, and what happens without the key.
@Suite struct EncryptedFieldTests {
    static let secret = "GH29-ACME-0000-1234-5678"
    static let files = [
        "plugin.lua": #"""
            return { name = "staff", version = "1.0.0", permissions = { { "staff.see" }, { "staff.edit" }, { "staff.bank" } } }
            """#,
        "records/person.lua": #"""
            return { type = "staff.person", title = "Person", path = "people", permissions = { read = "staff.see", write = "staff.edit" },
              fields = { { "name", "text", required = true }, { "iban", "encrypted", permission = "staff.bank", max = 40, pattern = "[A-Z0-9-]+" },
                { "note", "text" } } }
            """#,
        "records/log.lua": #"""
            return { type = "staff.log", path = "staff-log", permissions = { read = "staff.see", write = "staff.edit" }, fields = { { "seen", "text" } } }
            """#,
        "hooks/look.lua": #"""
            return { id = "look", on = "staff.person", phase = "before_save", run = function(person)
              record.create("staff.log", { seen = tostring(person.iban) })
            end }
            """#,
        "routes/reveal.lua": #"""
            return { method = "POST", path = "/api/people-reveal", permission = "staff.edit", input = { { "id", "integer", required = true } },
              run = function(req)
                local person = record.get("staff.person", req.body.id)
                local shown = person.iban
                person.note = "seen"
                person:save()
                return { shown = shown, clear = record.reveal("staff.person", person.id, "iban") }
              end }
            """#,
        "routes/change.lua": #"""
            return { method = "POST", path = "/api/people-change", permission = "staff.edit", input = { { "id", "integer", required = true }, { "iban", "text" } },
              run = function(req)
                local person = record.get("staff.person", req.body.id)
                person.iban = req.body.iban
                person:save()
                return { clear = record.reveal("staff.person", person.id, "iban") }
              end }
            """#,
        "routes/find.lua": #"""
            return { method = "POST", path = "/api/people-find", permission = "staff.edit", input = { { "iban", "text" } },
              run = function(req) return { found = record.find("staff.person", { iban = req.body.iban }) ~= nil } end }
            """#,
    ]
    static let spy = [
        "plugin.lua": #"""
            return { name = "spy", version = "1.0.0", depends = { staff = "^1.0" }, permissions = { { "spy.do" } },
              capabilities = { record = { write = { "staff.person" } } } }
            """#,
        "routes/reveal.lua": #"""
            return { method = "POST", path = "/api/spy-reveal", permission = "spy.do", input = { { "id", "integer", required = true } },
              run = function(req) return { clear = record.reveal("staff.person", req.body.id, "iban") } end }
            """#,
        "routes/read.lua": #"""
            return { method = "POST", path = "/api/spy-read", permission = "spy.do", input = { { "id", "integer", required = true } },
              run = function(req) return { clear = record.get("staff.person", req.body.id).iban } end }
            """#,
    ]

    private static func clerk(_ permissions: String...) -> Principal {
        Principal(kind: .user, userID: 3, username: "esi", permissions: Set(permissions))
    }

    private func person(_ works: Works, iban: String? = secret) throws -> Int64 {
        var body: Object = ["name": "Ama"]
        if let iban { body["iban"] = .string(iban) }
        let made = try works.call(.post, "/api/people", .object(body)).value
        #expect(made["iban"] == (iban == nil ? .null : "***"))
        return try #require(made["id"]?.int)
    }

    private static func problem(_ body: () throws -> some Any) -> Problem? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? any ProblemConvertible)?.problem
        }
    }

    /// Whether any file of the tenant holds these bytes.
    private func isInFiles(_ works: Works, _ text: String) throws -> Bool {
        let path = try works.tenant.store.read { db in db.path }
        let needle = Array(text.utf8)
        for name in [path, path + "-wal"] where Files.exists(name) {
            let bytes = try Files.read(name)
            guard bytes.count >= needle.count else { continue }
            for start in 0...(bytes.count - needle.count) where bytes[start] == needle[0] && bytes[start..<(start + needle.count)].elementsEqual(needle) {
                return true
            }
        }
        return false
    }

    @Test func `it is in no file, no list, no export, no audit row and no hook in clear`() throws {
        let works = try Works(Self.files)
        let id = try person(works)
        _ = try works.call(.patch, "/api/people/\(id)", ["iban": "GH29-ACME-0000-1234-9999", "note": "PLAIN-NOTE"])
        #expect(try isInFiles(works, "PLAIN-NOTE"))
        #expect(try !isInFiles(works, "GH29-ACME"))
        #expect(try works.call(.get, "/api/people").value["items"]?[0]?["iban"] == "***")
        let audit = try works.house.audit().filter { $0["action"]?.string?.hasPrefix("staff.person") == true }
        #expect(audit.count == 2 && JSON.text(.array(audit)).contains("***") && !JSON.text(.array(audit)).contains("GH29"))
        #expect(try works.call(.get, "/api/staff-log").value["items"]?.array?.map { $0["seen"] ?? .null } == ["***", "***"])
        let csv = try works.text(.get, "/api/people/export")
        #expect(csv.contains("***") && !csv.contains("GH29"))
    }

    @Test func `one reads it with its permission, record by record; its own plugin always`() throws {
        let works = try Works(Self.files, Self.spy)
        let id = try person(works)
        #expect(try works.call(.get, "/api/people/\(id)", as: Self.clerk("staff.see")).value["iban"] == "***")
        #expect(try works.call(.get, "/api/people/\(id)", as: Self.clerk("staff.see", "staff.bank")).value["iban"] == .string(Self.secret))
        let revealed = try works.call(.post, "/api/people-reveal", ["id": .int(id)], as: Self.clerk("staff.edit")).value
        #expect(revealed["shown"] == "***" && revealed["clear"] == .string(Self.secret))
        // Saving what was read left it as it was.
        #expect(try works.call(.get, "/api/people/\(id)").value["note"] == "seen")
        #expect(try works.call(.get, "/api/people/\(id)").value["iban"] == .string(Self.secret))
        #expect(code { try works.call(.post, "/api/spy-reveal", ["id": .int(id)]) } == "script.capability")
        #expect(try works.call(.post, "/api/spy-read", ["id": .int(id)]).value["clear"] == "***")
    }

    @Test func `it is changed, emptied and left, and checked like text`() throws {
        let works = try Works(Self.files)
        let id = try person(works)
        func clear() throws -> Value { try works.call(.get, "/api/people/\(id)").value["iban"] ?? .null }
        _ = try works.call(.patch, "/api/people/\(id)", ["iban": "***", "note": "a"])
        #expect(try clear() == .string(Self.secret))
        #expect(try works.call(.post, "/api/people-change", ["id": .int(id), "iban": "NEW-1"]).value["clear"] == "NEW-1")
        #expect(try clear() == "NEW-1")
        for wrong in ["small", String(repeating: "A", count: 41)] {
            #expect(code { try works.call(.patch, "/api/people/\(id)", ["iban": .string(wrong)]) } != nil)
            #expect(code { try works.call(.post, "/api/people-change", ["id": .int(id), "iban": .string(wrong)]) } == "record.invalid")
        }
        #expect(code { try works.call(.post, "/api/people", ["name": "x", "iban": "***"]) } != nil)
        _ = try works.call(.patch, "/api/people/\(id)", ["iban": .null])
        #expect(try clear() == .null)
        #expect(try works.call(.get, "/api/people").value["items"]?[0]?["iban"] == .null)
    }

    @Test func `nothing is looked up by it`() throws {
        let works = try Works(Self.files)
        _ = try person(works)
        #expect(code { try works.call(.get, "/api/people", query: [("iban", Self.secret)]) } == "request.invalid")
        #expect(code { try works.call(.get, "/api/people", query: [("sort", "iban")]) } == "record.filter_invalid")
        #expect(code { try works.call(.post, "/api/people-find", ["iban": .string(Self.secret)]) } == "record.filter_invalid")
    }

    @Test func `what is sealed for one row does not open in another, and a missing key is told`() throws {
        let works = try Works(Self.files)
        let first = try person(works), second = try person(works, iban: "OTHER-1")
        try works.tenant.store.write { db in
            try db.run(SQL("UPDATE staff_persons SET iban_sealed = (SELECT iban_sealed FROM staff_persons WHERE id = ?1) WHERE id = ?2"), first, second)
        }
        let problem = Self.problem { try works.call(.get, "/api/people/\(second)") }
        #expect(problem?.code == "record.unreadable" && problem?.status == 503 && problem?.detail.contains("keys/secrets.key") == true)
        // Lists, and who may not read it, go on.
        #expect(try works.call(.get, "/api/people").value["items"]?.array?.count == 2)
        #expect(try works.call(.get, "/api/people/\(second)", as: Self.clerk("staff.see")).value["iban"] == "***")
        let findings = try works.doctor()
        #expect(findings.contains { $0["what"] == "encrypted staff.person.iban" && $0["ok"] == false })
        let tenant = works.tenant
        let told = try tenant.store.read { db in try SealedContent.unreadable(tenant, db) }
        #expect(told.count == 1 && told[0].hasPrefix("encrypted staff.person.iban: ") && told[0].contains("keys/secrets.key"))
        // It can be entered anew.
        _ = try works.call(.patch, "/api/people/\(second)", ["iban": "AGAIN-1"])
        #expect(try works.call(.get, "/api/people/\(second)").value["iban"] == "AGAIN-1")
        #expect(try works.doctor().contains { $0["what"] == "encrypted staff.person.iban" && $0["ok"] == true })
    }

    @Test(arguments: [
        (#"{ "iban", "encrypted" }"#, "permission"), (#"{ "iban", "encrypted", permission = "staff.bank", unique = true }"#, "unique"),
        (#"{ "iban", "encrypted", permission = "staff.bank", index = true }"#, "index"),
        (#"{ "iban", "encrypted", permission = "staff.bank", default = "x" }"#, "default"),
        (#"{ "iban", "text", permission = "staff.bank" }"#, "permission"), (#"{ "iban", "encrypted", permission = "staff.nobody" }"#, "permission"),
    ])
    func `a field that keeps no secret is refused`(field: String, member: String) throws {
        let works = try Works()
        let files = [
            "plugin.lua": Self.files["plugin.lua"] ?? "",
            "records/person.lua": "return { type = \"staff.person\",\n permissions = { read = \"staff.see\", write = \"staff.edit\" },\n fields = { \(field) } }",
        ]
        let error = #expect(throws: DeclarationError.self) { try works.install(files) }
        #expect(error?.field == "fields[1].\(member)" && error?.file == "staff/records/person.lua", "\(error?.problem.detail ?? "")")
    }
}
