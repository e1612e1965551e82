import Core
import Platform
import Storage
import Testing

@Suite struct SettingsTests {
    @Test func `the till's value wins over the branch's and the tenant's`() throws {
        let house = try TestHouse()
        let actor = house.actor
        func resolve(_ branch: Int64?, _ till: Int64?) throws -> Value? {
            try house.acme.store.read { db in try Settings.resolve(db, "pos.rounding", branch: branch, till: till) }
        }
        func set(_ scope: Settings.Scope, _ value: Value?) throws {
            try house.acme.store.write { db in try Settings.set(db, actor, scope, "pos.rounding", value) }
        }
        #expect(try resolve(1, 2) == nil)
        try set(.tenant, "down")
        try set(.branch(1), "nearest")
        try set(.till(2), ["to": 5])
        #expect(try resolve(1, 2) == ["to": 5])
        #expect(try resolve(1, 3) == "nearest")
        #expect(try resolve(7, nil) == "down")
        try set(.till(2), nil)
        #expect(try resolve(1, 2) == "nearest")
        let rows = try house.audit().filter { $0["action"] == "setting.changed" }
        #expect(rows.count == 4)
        #expect(rows.first?["object_id"] == "till:2/pos.rounding")
        #expect(rows.first?["before"] == ["to": 5])
        #expect(rows.first?["after"] == .null)
        try set(.tenant, "down")
        #expect(try house.audit().filter { $0["action"] == "setting.changed" }.count == 4)
    }
}
