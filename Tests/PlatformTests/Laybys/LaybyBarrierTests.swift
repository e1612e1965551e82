import Core
import Platform
import Storage
import Testing

/// Rules of laybys that a second one stands behind: each is looked at where the other does not reach.
@Suite struct LaybyBarrierTests {
    private static func shop() throws -> Shop {
        let shop = try Shop()
        let (tenant, actor, clock) = (shop.tenant, shop.house.actor, shop.house.clock)
        let shipped = Shipped(home: Shop.home)
        let revision = try tenant.store.write { db in
            try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(
                files: try shipped.plugin("layby"), shippedRules: try shipped.rules())
        }
        tenant.revisionSlot.publish(revision)
        return shop
    }

    /// The moves of the state ask for the same permissions; where there is no layby, only the route's own is left.
    @Test func `who may not cancel is refused before anything is looked for`() throws {
        let shop = try Self.shop()
        func ask(_ method: Endpoint.Method, _ action: String, without permission: String) -> String? {
            let clerk = Principal(kind: .user, userID: 1, username: "efua", permissions: ["*"], deniedPermissions: [permission])
            return code { try shop.call(method, "/api/laybys/999999/\(action)", ["reason": "Changed their mind"], as: clerk) }
        }
        let none = ask(.post, "cancel", without: "layby.other")
        #expect(none != nil && none != "auth.forbidden", "\(none ?? "")")
        for (method, action) in [(Endpoint.Method.post, "cancel"), (.get, "cancellation")] {
            #expect(ask(method, action, without: "layby.cancel") == "auth.forbidden", "\(action)")
        }
    }

    /// The daily run looks for a notice before it sends one; the index holds where two look at once.
    @Test func `a notice of a kind, an instalment and a day is kept once`() throws {
        let shop = try Self.shop()
        let problem = #expect(throws: StorageError.self) {
            try shop.tenant.store.write { db in
                // The layby itself is not what is asked about.
                try db.execute(script: "PRAGMA defer_foreign_keys=1")
                for _ in 0..<2 {
                    try db.run(SQL("""
                        INSERT INTO layby_notices (layby_id, kind, due_on, days, sent_at, version, created_at, created_by, updated_at)
                        VALUES (1, 'REMINDER', '2026-02-01', 3, '2026-01-29T06:00:00.000Z', 1, '2026-01-29T06:00:00.000Z', 1, '2026-01-29T06:00:00.000Z')
                        """))
                }
            }
        }
        #expect("\(String(describing: problem))".contains("layby_id, due_on, kind, days"), "\(String(describing: problem))")
    }
}
