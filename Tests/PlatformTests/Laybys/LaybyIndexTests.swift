import Core
import Platform
import Storage
import Testing

/// The indexes that the lists and the daily run of laybys stand on.
@Suite struct LaybyIndexTests {
    @Test func `the composite indexes of the source are there`() throws {
        let shop = try Shop(further: ["layby"])
        let indexes = try shop.tenant.store.read { db in
            try db.query(SQL("SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name LIKE 'layby_customer_layby%' AND sql IS NOT NULL")) { $0.text(0) }
        }
        for wanted in [
            "(branch_id, status, opened_at)", "(payment_due_on, status, branch_id) WHERE status = 'ACTIVE'", "(payment_date, layby_id)",
            "(customer_id)", "(layby_id)", "(action_on)",
        ] {
            #expect(indexes.contains { $0.contains(wanted) }, "\(wanted): \(indexes)")
        }
    }

    @Test(arguments: [
        "branch_id = 1 AND status = 'ACTIVE' ORDER BY opened_at DESC, id DESC LIMIT 51", "branch_id = 1 ORDER BY id DESC LIMIT 51",
        "customer_id = 1 ORDER BY id DESC LIMIT 51", "action_on <= '2026-01-05' ORDER BY action_on, id LIMIT 5",
        "status = 'COMPLETED' AND completed_at < '2024' ORDER BY completed_at LIMIT 3",
    ])
    func `no list reads the whole table`(condition: String) throws {
        let shop = try Shop(further: ["layby"])
        let plan = try shop.tenant.store.read { db in
            try db.query(SQL("EXPLAIN QUERY PLAN SELECT * FROM layby_customer_laybys WHERE \(condition)")) { $0.text(3) }
        }.joined(separator: "; ")
        #expect(plan.contains("SEARCH") && !plan.contains("SCAN"), "\(condition): \(plan)")
        if condition.contains("opened_at DESC") || condition.contains("action_on,") { #expect(!plan.contains("TEMP B-TREE"), "\(plan)") }
    }
}
