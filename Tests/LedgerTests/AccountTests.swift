import Core
import Storage
import Testing

@testable import Ledger

@Suite struct AccountTests {
    let book: Book

    init() throws { book = try Book() }

    @Test func `an account is found again as it was opened`() throws {
        let opened = try book.write { ledger in
            try ledger.openAccount(
                NewAccount(
                    code: "1190", name: "Depreciation", kind: .asset, normalSide: .credit, currency: Currency("USD"),
                    limit: .overdraft(500), openedOn: .of("2026-01-01")), actor: book.user)
        }
        let found = try book.read { try $0.account("1190") }
        #expect(found == opened)
        #expect(found.normalSide == .credit)
        #expect(found.limit == .overdraft(500))
        #expect(try book.read { try $0.account(.id(opened.id)) } == opened)
    }

    @Test func `codes are unique and of one form`() throws {
        let new = NewAccount(code: "1000", name: "Again", kind: .asset, currency: Book.ghs)
        try book.expectRefusal("ledger.account_exists") { try $0.openAccount(new, actor: book.user) }
        for code in ["", "a b", "1200:x", "é", String(repeating: "1", count: 65)] {
            try book.expectRefusal("ledger.invalid") { ledger in
                try ledger.openAccount(NewAccount(code: code, name: "n", kind: .asset, currency: Book.ghs), actor: book.user)
            }
        }
    }

    @Test func `a sub-account is opened on demand, once, like its control account`() throws {
        let first = try book.write { try $0.openSubaccount(control: "1200", key: "customer-17", name: "Ama", actor: book.user) }
        let again = try book.write { try $0.openSubaccount(control: "1200", key: "customer-17", name: "Other", actor: book.user) }
        #expect(first == again)
        #expect(first.code == "1200:customer-17")
        #expect(first.kind == .asset)
        let parent = try book.read { try $0.account("1200") }
        #expect(first.parentID == parent.id)
        #expect(try book.read { try $0.accounts(.init(parent: "1200")).map(\.code) } == ["1200:customer-17"])
    }

    @Test func `a control account takes no lines, and stands at the sum of its sub-accounts`() throws {
        let error = try book.expectRefusal("ledger.control_account") { ledger in
            try ledger.post(book.entry("2026-01-05", [.debit("1200", 100), .credit("4000", 100)]))
        }
        #expect(error?.problem.field == "lines[0].account")
        for (key, amount) in [("a", Int64(100)), ("b", 250)] {
            try book.write { ledger in
                let account = try ledger.openSubaccount(control: "1200", key: key, name: key, actor: book.user)
                try ledger.post(book.entry("2026-01-05", [.debit(.init(account), amount), .credit("4000", amount)]))
            }
        }
        #expect(try book.read { try $0.rolledUpBalance("1200").posted.minor } == 350)
        #expect(try book.read { try $0.balance("1200", asOf: .of("2026-01-05"), rollUp: true).posted.minor } == 350)
        #expect(try book.read { try $0.balance("1200", asOf: .of("2026-01-04"), rollUp: true).posted.minor } == 0)
    }

    @Test func `a frozen account refuses the frozen side only, until it is released`() throws {
        try book.write { try $0.freeze("1000", side: .credit, reason: "audit", actor: book.user) }
        try book.post("2026-01-05", .debit("1000", 100), .credit("3000", 100))
        let error = try book.expectRefusal("ledger.account_frozen") { ledger in
            try ledger.post(book.entry("2026-01-05", [.credit("1000", 10), .debit("5000", 10)]))
        }
        #expect(error?.problem.status == 423)
        try book.write { try $0.freeze("1000", side: .debit, reason: "audit", actor: book.user) }
        #expect(try book.read { try $0.account("1000").state } == .frozen)
        try book.write { try $0.unfreeze("1000", reason: "done", actor: book.user) }
        try book.post("2026-01-05", .credit("1000", 10), .debit("5000", 10))
        try book.expectRefusal("ledger.invalid") { try $0.freeze("1000", reason: "  ", actor: book.user) }
    }

    @Test func `only an empty account is closed, and then for ever`() throws {
        try book.post("2026-01-05", .debit("1000", 100), .credit("3000", 100))
        try book.expectRefusal("ledger.account_not_empty") { try $0.closeAccount("1000", reason: "x", actor: book.user) }
        try book.write { try $0.openSubaccount(control: "1200", key: "a", name: "a", actor: book.user) }
        try book.expectRefusal("ledger.account_not_empty") { try $0.closeAccount("1200", reason: "x", actor: book.user) }
        try book.write { try $0.closeAccount("1100", reason: "moved", actor: book.user) }
        try book.expectRefusal("ledger.account_closed") { ledger in
            try ledger.post(book.entry("2026-01-05", [.debit("1100", 1), .credit("3000", 1)]))
        }
        try book.expectRefusal("ledger.account_closed") { try $0.unfreeze("1100", reason: "x", actor: book.user) }
    }

    @Test func `nothing is opened below a closed account`() throws {
        try book.write { try $0.closeAccount("1200", reason: "not used", actor: book.user) }
        try book.expectRefusal("ledger.account_closed") {
            try $0.openSubaccount(control: "1200", key: "c1", name: "Ama", actor: book.user)
        }
        try book.expectRefusal("ledger.account_closed") {
            try $0.openAccount(
                NewAccount(code: "1201", name: "Late", kind: .asset, currency: Book.ghs, parentCode: "1200"), actor: book.user)
        }
    }

    @Test func `nothing is posted before an account was opened`() throws {
        try book.write { ledger in
            try ledger.openAccount(
                NewAccount(code: "1300", name: "New", kind: .asset, currency: Book.ghs, openedOn: .of("2026-01-10")),
                actor: book.user)
        }
        try book.expectRefusal("ledger.account_not_open_on_date") { ledger in
            try ledger.post(book.entry("2026-01-09", [.debit("1300", 1), .credit("3000", 1)]))
        }
        try book.post("2026-01-10", .debit("1300", 1), .credit("3000", 1))
    }

    @Test func `accounts are listed by code, page by page`() throws {
        let all = try book.read { try $0.accounts(limit: 100).map(\.code) }
        #expect(all == ["1000", "1100", "1200", "2000", "2100", "3000", "4000", "5000"])
        let second = try book.read { try $0.accounts(after: "1200", limit: 2).map(\.code) }
        #expect(second == ["2000", "2100"])
        #expect(try book.read { try $0.accounts(.init(kind: .liability)).map(\.code) } == ["2000", "2100"])
        #expect(try book.read { try $0.accounts(.init(prefix: "1")).map(\.code) } == ["1000", "1100", "1200"])
    }

    @Test func `a name can be changed and erased`() throws {
        try book.write { try $0.openSubaccount(control: "1200", key: "c", name: "Ama Mensah", actor: book.user) }
        try book.write { try $0.renameAccount("1200:c", name: "Ama Owusu", actor: book.user) }
        #expect(try book.read { try $0.account("1200:c").name } == "Ama Owusu")
        try book.write { try $0.eraseAccountName("1200:c", reason: "asked for it", actor: book.user) }
        #expect(try book.read { try $0.account("1200:c").name } == "1200:c")
        #expect(try !book.contents().contains { $0.contains("Ama") })
    }
}
