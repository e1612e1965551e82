import Core
import Ledger
import Platform
import Storage
import Testing

@testable import kontor

/// The look at every book that was used, each minute.
@Suite struct BookWatchTests {
    @Test func `a book that does not add up is told, once it was used again`() throws {
        let data = try Kontor.demoData()
        let instance = try Instance.open(data: data.path, home: Kontor.home, configuration: InstanceConfiguration(laneThreads: 1))
        defer { instance.close() }
        let tenant = try #require(instance.directory.all.first)
        let watch = BookWatch()
        try watch.look(at: tenant, clock: instance.clock)  // not open: not looked at, and not opened
        #expect(!tenant.store.isOpen)
        func use() throws { _ = try tenant.store.read { db in try db.integer(SQL("SELECT count(*) FROM ledger_entries")) } }
        try use()
        try watch.look(at: tenant, clock: instance.clock)
        try tenant.store.whileClosed("it breaks") {
            let db = try Connection(path: tenant.store.path, mode: .writer)
            defer { db.close() }
            try db.run(SQL("UPDATE ledger_balances SET posted_debits_minor = posted_debits_minor + 1 WHERE account_id = (SELECT min(account_id) FROM ledger_balances)"))
        }
        try use()
        let error = #expect(throws: BookWatch.Unbalanced.self) { try watch.look(at: tenant, clock: instance.clock) }
        #expect(error?.description.contains("are off by 1 posted and 0 held") == true)
        try watch.look(at: tenant, clock: instance.clock)  // nobody has used it since
    }
}
