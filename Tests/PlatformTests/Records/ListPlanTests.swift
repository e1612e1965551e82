import Core
import Platform
import Storage
import Testing

/// How the rows of lists are found.
@Suite struct ListPlanTests {
    private static func shop() throws -> (Shop, Revision) {
        let shop = try Shop()
        let (tenant, actor, clock) = (shop.tenant, shop.house.actor, shop.house.clock)
        let shipped = Shipped(home: Shop.home)
        let revision = try tenant.store.write { db in
            try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(
                files: try shipped.plugin("layby"), shippedRules: try shipped.rules())
        }
        tenant.revisionSlot.publish(revision)
        return (shop, revision)
    }

    @Test(arguments: [
        ("layby.customer_layby", ["businessId", "customerId", "status"]), ("layby.customer_layby_payment", ["laybyId"]),
    ])
    func `the lists of laybys are read off indexes`(type: String, fields: [String]) throws {
        let (shop, revision) = try Self.shop()
        let declared = try #require(revision.plugins.typesInOrder.first { $0.name == type })
        let plans = try shop.tenant.store.read { db in try ListPlan.all(of: declared, db) }
        for field in fields {
            let plan = try #require(plans.first { $0.field == field && !$0.isOrder }, "\(field)")
            #expect(!plan.isScan && plan.index != nil && plan.isDeclared, "\(field): \(plan.plan)")
        }
    }

    @Test func `what a declaration promises an index for is never a scan, what it does not is told`() throws {
        let (shop, revision) = try Self.shop()
        try shop.tenant.store.read { db in
            for type in revision.plugins.typesInOrder {
                for plan in try ListPlan.all(of: type, db) where plan.isDeclared && !plan.isOrder {
                    #expect(!plan.isScan, "\(type.name) \(plan.field): \(plan.plan)")
                }
            }
            let layby = try #require(revision.plugins.typesInOrder.first { $0.name == "layby.customer_layby" })
            let notes = try #require(try ListPlan.all(of: layby, db).first { $0.field == "notes" && !$0.isOrder })
            #expect(notes.isScan && !notes.isDeclared, "\(notes.plan)")
        }
    }

    @Test func `without its index a promised filter is a scan`() throws {
        let (shop, revision) = try Self.shop()
        let type = try #require(revision.plugins.typesInOrder.first { $0.name == "layby.customer_layby" })
        let index = try shop.tenant.store.read { db in
            try #require(try ListPlan.all(of: type, db).first { $0.field == "customerId" && !$0.isOrder }?.index)
        }
        try shop.tenant.store.write { db in try db.execute(script: "DROP INDEX \(index)") }
        let plan = try shop.tenant.store.read { db in try ListPlan.all(of: type, db) }.first { $0.field == "customerId" && !$0.isOrder }
        #expect(plan?.isScan == true && plan?.isDeclared == true, "\(index): \(plan?.plan ?? [])")
    }
}
