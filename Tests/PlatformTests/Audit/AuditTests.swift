import Core
import Platform
import Storage
import Testing

@Suite struct AuditTests {
    private func filled() throws -> TestHouse {
        let house = try TestHouse()
        let actor = ActingUser(id: 7, name: "esi", remoteAddress: "192.0.2.1", requestID: "r-9", at: house.now)
        try house.acme.store.write { db in
            for number in 1...5 {
                try Audit.append(
                    db, actor, "thing.changed", object: ("thing", Int64(number)), before: ["n": .int(Int64(number))],
                    after: ["n": .int(Int64(number + 1))], reason: "because")
            }
        }
        return house
    }

    /// Somebody with the file in hand: no triggers, no authorizer.
    private func tamper(_ house: TestHouse, _ script: String) throws {
        try house.acme.store.whileClosed("somebody has the file") {
            let db = try Connection(path: house.acme.store.path, mode: .writer)
            defer { db.close() }
            try db.execute(
                script: """
                    DROP TRIGGER IF EXISTS platform_audit_no_update; DROP TRIGGER IF EXISTS platform_audit_no_delete; \(script)
                    """)
        }
    }

    @Test func `a row tells who did what, when, from where, and both states`() throws {
        let house = try filled()
        let row = try #require(try house.audit().first)
        #expect(row["actor_id"] == 7)
        #expect(row["actor"] == "esi")
        #expect(row["action"] == "thing.changed")
        #expect(row["object_type"] == "thing")
        #expect(row["object_id"] == "5")
        #expect(row["before"] == ["n": 5])
        #expect(row["after"] == ["n": 6])
        #expect(row["reason"] == "because")
        #expect(row["remote_address"] == "192.0.2.1")
        #expect(row["request_id"] == "r-9")
        #expect(row["at"] == .string(TestHouse.start))
    }

    @Test func `an untouched trail is whole, also from a head kept elsewhere`() throws {
        let house = try filled()
        let report = try house.acme.store.read { db in try Audit.verify(db) }
        #expect(report.isWhole)
        #expect(report.rows == report.head.id)
        #expect(try house.acme.store.read { db in try Audit.verify(db, known: report.head) }.isWhole)
    }

    @Test(arguments: [
        "UPDATE platform_audit SET actor = 'x' WHERE id = 3", "DELETE FROM platform_audit WHERE id = 3",
        "DROP TRIGGER platform_audit_no_delete", "DROP TABLE platform_audit", "ALTER TABLE platform_audit RENAME TO x",
        "CREATE TRIGGER t BEFORE INSERT ON platform_audit BEGIN SELECT RAISE(IGNORE); END",
    ])
    func `rows are append-only, and what says so stays`(statement: String) throws {
        let house = try filled()
        let error = #expect(throws: StorageError.self) {
            try house.acme.store.write { db in try db.execute(script: statement) }
        }
        #expect(error?.code == "storage.denied")
        #expect(try house.acme.store.read { db in try Audit.verify(db) }.isWhole)
    }

    @Test(arguments: [
        "at = '2026-01-05T09:00:00.001Z'", "actor_id = 8", "actor = 'efua'", "action = 'thing.made'", "object_type = 'thong'",
        "object_id = '99'", "before = NULL", "after = '{\"n\":7}'", "reason = ''", "remote_address = '192.0.2.2'",
        "request_id = 'r-8'", "digest = zeroblob(32)",
    ])
    func `a change to any field shows at its row`(change: String) throws {
        let house = try filled()
        let id = try house.acme.store.read { db in try Audit.head(db).id } - 2
        try tamper(house, "UPDATE platform_audit SET \(change) WHERE id = \(id)")
        let report = try house.acme.store.read { db in try Audit.verify(db) }
        #expect(report.faults.first?.id == id)
    }

    @Test(arguments: ["UPDATE platform_audit SET actor = 'x' WHERE id = 3", "DELETE FROM platform_audit WHERE id = 3"])
    func `the file itself refuses too`(statement: String) throws {
        let house = try filled()
        let error = #expect(throws: StorageError.self) {
            try house.acme.store.whileClosed("test") {
                let db = try Connection(path: house.acme.store.path, mode: .writer)
                defer { db.close() }
                try db.execute(script: statement)
            }
        }
        #expect(error?.code == "storage.constraint")
    }

    @Test func `a missing row shows, and a cut tail by the head kept elsewhere`() throws {
        let house = try filled()
        let head = try house.acme.store.read { db in try Audit.head(db) }
        try tamper(house, "DELETE FROM platform_audit WHERE id = \(head.id)")
        #expect(try house.acme.store.read { db in try Audit.verify(db) }.isWhole)
        #expect(try !house.acme.store.read { db in try Audit.verify(db, known: head) }.isWhole)
        try tamper(house, "DELETE FROM platform_audit WHERE id = \(head.id - 2)")
        #expect(try house.acme.store.read { db in try Audit.verify(db) }.faults.first?.id == head.id - 1)
    }

    @Test func `a refused transaction leaves no row and no gap`() throws {
        let house = try filled()
        let before = try house.acme.store.read { db in try Audit.head(db) }
        let actor = house.actor
        _ = try? house.acme.store.write { db in
            try Audit.append(db, actor, "thing.lost", object: ("thing", 1))
            throw Problem(409, "test.refused", "no")
        }
        #expect(try house.acme.store.read { db in try Audit.head(db) } == before)
    }

    @Test func `lists filter and page from the newest`() throws {
        let house = try filled()
        let admin = try house.admin()
        let first = try house.call(
            .get, "/api/audit", as: admin, query: [("object_type", "thing"), ("limit", "2")]
        ).json
        #expect(first["items"]?.array?.map { $0["object_id"] } == ["5", "4"])
        let cursor = try #require(first["next_cursor"]?.string)
        let second = try house.call(
            .get, "/api/audit", as: admin, query: [("object_type", "thing"), ("limit", "3"), ("cursor", cursor)]
        ).json
        #expect(second["items"]?.array?.map { $0["object_id"] } == ["3", "2", "1"])
        #expect(second["next_cursor"] == .null)
        let byAction = try house.call(.get, "/api/audit", as: admin, query: [("action", "user.")]).json
        #expect(byAction["items"]?.array?.allSatisfy { $0["action"]?.string?.hasPrefix("user.") == true } == true)
        #expect(byAction["items"]?.array?.isEmpty == false)
        #expect(code { try house.call(.get, "/api/audit", as: admin, query: [("limit", "201")]) } == "request.invalid")
        #expect(code { try house.call(.get, "/api/audit", as: admin, query: [("cursor", "x!")]) } == "request.invalid")
    }

    @Test func `refusals are logged, listed and kept ninety days`() throws {
        let house = try filled()
        let actor = house.actor
        try house.acme.store.write { db in
            try Refusals.record(db, actor, endpoint: "POST /x", problem: Problem(422, "test.refused", "Not so."))
        }
        let admin = try house.admin()
        let rows = try house.call(.get, "/api/refusals", as: admin, query: [("code", "test.refused")]).json["items"]?.array
        #expect(rows?.count == 1)
        #expect(rows?.first?["detail"] == "Not so.")
        let early = house.now.adding(seconds: 89 * 86_400)
        let late = house.now.adding(seconds: 91 * 86_400)
        #expect(try house.acme.store.write { db in try Refusals.purge(db, now: early) } == 0)
        #expect(try house.acme.store.write { db in try Refusals.purge(db, now: late) } == 1)
    }
}
