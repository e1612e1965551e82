import Core
import Foundation
import Testing

@testable import Ledger

/// The books, checked by three programs that others wrote.
@Suite struct ExportTests {
    let book: Book
    private var books: ExternalBooks { ExternalBooks(book) }

    init() throws {
        (book, _) = try Book.rich()
        try book.write { ledger in
            try ledger.openAccount(
                NewAccount(code: "5900", name: "Loyalty; \"points\"", kind: .expense, currency: Currency(code: "PTS", exponent: 0)),
                actor: book.user)
            try ledger.openAccount(
                NewAccount(code: "2900", name: "Crédit | ñ", kind: .liability, currency: Currency(code: "PTS", exponent: 0)),
                actor: book.user)
            for (key, name) in [("a.b", "x"), ("a-b", "y"), ("a_b", "z")] {  // would be one name
                try ledger.openSubaccount(control: "1200", key: key, name: name, actor: book.user)
            }
            var points = try book.entry("2026-02-02", [.debit("5900", 12), .credit("2900", 12)])
            points.memo = "a \"quoted\"; text | with \\ all\nof it, é"
            try ledger.post(points)
            try ledger.post(book.entry("2026-02-03", [.debit("1200:a.b", 7), .credit("1200:a-b", 4), .credit("1200:a_b", 3)]))
            try ledger.post(book.entry("2026-03-01", [.debit("1000", 999), .credit("3000", 999)]))  // after the day
        }
    }

    @Test func `hledger, ledger and beancount read the books and agree with our balances`() throws {
        let day = CalendarDate.of("2026-02-28")
        let expected = try book.read { ledger in
            let names = try ledger.exportNames()
            return try ledger.trialBalance(asOf: day).rows.filter { !$0.net.isZero }.map {
                "\(names[$0.account.id] ?? "") \($0.net.currency) \(try $0.net.decimal)"
            }.sorted()
        }
        #expect(expected.count > 10)
        try books.check(through: day)
        let files = try books.write(day)
        let hledger = try books.run("hledger", "-f", files.body, "bal", "-N", "--flat", "--layout=bare", "-O", "csv")
        #expect(try balances(hledger.split(separator: "\n").dropFirst().map { fields($0, ",", account: 0, currency: 1, amount: 2) }) == expected)
        let ledger = try books.run(
            "ledger", "-f", files.body, "bal", "--flat", "--no-total", "--balance-format",
            "%(account)|%(commodity(scrub(display_total)))|%(quantity(scrub(display_total)))\n")
        #expect(try balances(ledger.split(separator: "\n").map { fields($0, "|", account: 0, currency: 1, amount: 2) }) == expected)
        let beancount = try books.run(
            "bean-query", "-q", "-f", "csv", files.head,
            "SELECT account, currency, sum(number) GROUP BY account, currency ORDER BY account")
        #expect(
            try balances(
                beancount.split(whereSeparator: \.isNewline).dropFirst().map { fields($0, ",", account: 0, currency: 1, amount: 2) })
                == expected)
    }

    @Test(arguments: ["hledger", "ledger", "beancount"])
    func `a balance of ours that is wrong is found by each of them`(tool: String) throws {
        book.db.authorize(nil)
        try book.db.run(.init("UPDATE ledger_days SET debit_minor = debit_minor + 1 WHERE effective_on = '2026-01-01'"))
        let files = try books.write(.of("2026-02-28"))
        switch tool {
        case "hledger": try books.run("hledger", "-f", files.hledger, "check", "-s", fails: true)
        case "ledger": try books.run("ledger", "--pedantic", "-f", files.ledger, "bal", fails: true)
        default: try books.run("bean-check", "-C", files.beancount, fails: true)
        }
    }

    @Test func `names say nothing of persons`() throws {
        let files = try books.write(.of("2026-02-28"))
        let text = try String(contentsOfFile: files.hledger, encoding: .utf8)
        #expect(text.contains("Assets:1200-Receivables:C1"))
        #expect(!text.contains("Owusu"))
    }

    private func fields(_ line: Substring, _ separator: Character, account: Int, currency: Int, amount: Int) -> [String] {
        let parts = line.split(separator: separator).map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "\" \r")) }
        return parts.count == 3 ? [parts[account], parts[currency], parts[amount]] : []
    }

    private func balances(_ rows: [[String]]) throws -> [String] {
        try rows.filter { $0.count == 3 }.map { "\($0[0]) \($0[1]) \(try Decimal($0[2]))" }.filter { !$0.hasSuffix(" 0") }.sorted()
    }
}
