import Core
import Platform
import Storage
import Testing

/// The keys that a tenant's secrets and encrypted fields are sealed under.
@Suite struct TenantKeyTests {
    private func files(_ works: Works) throws {
        try works.install([
            "plugin.lua": """
                return { name = "staff", version = "1.0.0", permissions = { { "staff.see" }, { "staff.edit" }, { "staff.bank" } } }
                """,
            "records/person.lua": """
                return { type = "staff.person", title = "Person", path = "people", permissions = { read = "staff.see", write = "staff.edit" },
                  fields = { { "name", "text", required = true }, { "iban", "encrypted", permission = "staff.bank", max = 40 } } }
                """,
        ])
    }

    private func person(_ works: Works, _ iban: String) throws -> Int64 {
        let id = try #require(works.call(.post, "/api/people", ["name": "Ama", "iban": .string(iban)]).value["id"]?.int)
        _ = try works.call(.put, "/api/secrets/mail.password", ["value": "swordfish"])
        return id
    }

    private func close(_ tenant: Tenant) {
        tenant.store.waitUntilQuiet()
        #expect(tenant.store.closeIfIdle())
    }

    private func unreadable(_ tenant: Tenant) throws -> [String] { try tenant.store.read { db in try SealedContent.unreadable(tenant, db) } }

    @Test func `what was sealed opens in a copy that stands under another tenant's id`() throws {
        let works = try Works()
        try files(works)
        _ = try person(works, "GH29-0001")
        let copy = try Backup.make(of: works.tenant.store, to: "\(works.house.folder)/copy.db")
        let globex = works.house.globex
        _ = try Restore.restore(copy.path, digest: copy.digest, into: globex.store, at: works.house.now)
        globex.rest()
        #expect(try unreadable(globex) == [])
        #expect(try unreadable(works.tenant) == [])
        #expect(try globex.store.read { db in try SealedContent.openable(globex, db) } == 2)
    }

    @Test func `what is sealed for one tenant opens in no other`() throws {
        let works = try Works()
        try files(works)
        let id = try person(works, "GH29-0001")
        let sealed = try works.tenant.store.read { db in
            try (db.first(SQL("SELECT iban_sealed FROM staff_persons WHERE id = ?1"), id) { $0.bytes(0) },
                db.first(SQL("SELECT sealed FROM platform_secrets")) { $0.bytes(0) })
        }
        let other = try Works(atGlobex: true)
        try files(other)
        _ = try person(other, "GB29-0002")
        // In the same house: the same installation's key, the same row and column.
        let globex = works.house.globex
        let copy = try Backup.make(of: other.tenant.store, to: "\(works.house.folder)/globex.db")
        _ = try Restore.restore(copy.path, digest: copy.digest, into: globex.store, at: works.house.now)
        globex.rest()
        try globex.store.write { db in try db.execute(script: "DELETE FROM platform_keys") }
        close(globex)
        try globex.store.write { db in
            try db.run(SQL("UPDATE staff_persons SET iban_sealed = ?1"), sealed.0)
            try db.run(SQL("UPDATE platform_secrets SET sealed = ?1"), sealed.1)
        }
        #expect(try unreadable(globex).count == 2)
        #expect(try unreadable(works.tenant) == [])
    }

    @Test func `what was sealed under the installation's key itself is sealed anew when the database is opened`() throws {
        let works = try Works()
        try files(works)
        let id = try person(works, "GH29-0001")
        let (tenant, house) = (works.tenant, works.house.instance.keys.secrets)
        try tenant.store.write { db in
            try db.execute(script: "DELETE FROM platform_keys")
            try db.run(
                SQL("UPDATE staff_persons SET iban_sealed = ?1 WHERE id = ?2"),
                house.seal("GH29-0001", context: "record:staff_persons.iban_sealed/\(id)"), id)
            try db.run(
                SQL("UPDATE platform_secrets SET sealed = ?1"), house.seal("swordfish", context: "tenant:\(tenant.id)/secret:mail.password"))
        }
        #expect(try unreadable(tenant).count == 2)
        close(tenant)
        #expect(try unreadable(tenant) == [])
        #expect(try works.call(.get, "/api/people/\(id)").value["iban"] == "GH29-0001")
        // Once: the key stays.
        let key = try tenant.store.read { db in try db.query(SQL("SELECT sealed FROM platform_keys")) { $0.bytes(0) } }
        close(tenant)
        #expect(try tenant.store.read { db in try db.query(SQL("SELECT sealed FROM platform_keys")) { $0.bytes(0) } } == key && key.count == 1)
    }
}
