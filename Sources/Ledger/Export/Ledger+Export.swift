import Core
import Storage

/// Programs by others that can check the books.
package enum ExportFormat: String, Sendable, CaseIterable {
    case hledger, ledger, beancount
}

extension Ledger {
    private static let selectExport = SQL(
        """
        SELECT e.id, e.effective_on, e.kind, e.source_type, e.source_id, e.reverses_id, m.memo
        FROM ledger_entries e LEFT JOIN ledger_memos m ON m.entry_id = e.id
        WHERE e.effective_on <= ?1 ORDER BY e.effective_on, e.id
        """)
    private static let firstDay = SQL("SELECT min(effective_on) FROM ledger_entries WHERE effective_on <= ?1")

    /// Writes the books up to a day as text that hledger, ledger or beancount reads and checks: declarations, every entry
    /// in the order of dates, and at the end our own balances as assertions. Holds are not in it.
    ///
    /// Names of sub-accounts are left out, memos are not.
    /// - Parameter sink: gets the text in pieces.
    package func exportJournal(
        _ format: ExportFormat, through date: CalendarDate, sink: @escaping ([UInt8]) throws -> Void
    ) throws {
        let accounts = try accountsByID().values.sorted { $0.code < $1.code }
        let names = ExportNames(accounts)
        var text = ExportText(sink: sink)
        try writeHead(format, accounts, names, through: date, &text)
        try writeBody(through: date, names, &text)
        try writeAssertions(format, accounts, names, through: date, &text)
        try text.flush()
    }

    /// The entries alone, which all three read alike.
    package func exportBody(through date: CalendarDate, sink: @escaping ([UInt8]) throws -> Void) throws {
        var text = ExportText(sink: sink)
        try writeBody(through: date, ExportNames(Array(accountsByID().values)), &text)
        try text.flush()
    }

    /// What the export calls an account, for comparing balances.
    package func exportNames() throws -> [Int64: String] {
        let accounts = try accountsByID()
        let names = ExportNames(Array(accounts.values))
        return accounts.mapValues { names[$0.id] }
    }

    private func writeHead(
        _ format: ExportFormat, _ accounts: [Account], _ names: ExportNames, through date: CalendarDate,
        _ text: inout ExportText
    ) throws {
        let currencies = Set(accounts.map(\.currency)).sorted { $0.code < $1.code }
        switch format {
        case .hledger, .ledger:
            for currency in currencies {
                try text.line("commodity \(currency.code)")
                // Without decimals there is no form that both read.
                if currency.exponent > 0 { try text.line("  format 1000.\(String(repeating: "0", count: currency.exponent)) \(currency.code)") }
            }
            for account in accounts { try text.line("account \(names[account.id])") }
        case .beancount:
            for currency in currencies { try text.line("option \"operating_currency\" \"\(currency.code)\"") }
            let first = try db.text(Self.firstDay, date) ?? date.description
            for account in accounts { try text.line("\(first) open \(names[account.id]) \(account.currency.code)") }
        }
        try text.line("")
    }

    private func writeBody(through date: CalendarDate, _ names: ExportNames, _ text: inout ExportText) throws {
        var currencies: [Int64: Currency] = [:]
        for (id, account) in try accountsByID() { currencies[id] = account.currency }
        try db.each(Self.selectExport, date) { row in
            let id = row.int(0)
            var words = row.text(2)
            if let type = row.optionalText(3) { words += " \(type) \(row.int(4))" }
            if let reversed = row.optionalInt(5) { words += " of \(PostedEntry.numberText(reversed))" }
            if let memo = row.optionalText(6) { words += ": \(memo)" }
            try text.line("\(row.text(1)) * \"\(PostedEntry.numberText(id))\" \"\(ExportNames.narration(words))\"")
            for line in try EntryRows.lines(of: id, db) {
                guard let currency = currencies[line.account] else { continue }
                try text.posting(names[line.account], Money(minor: line.debit - line.credit, currency))
            }
            try text.line("")
            return true
        }
    }

    private func writeAssertions(
        _ format: ExportFormat, _ accounts: [Account], _ names: ExportNames, through date: CalendarDate,
        _ text: inout ExportText
    ) throws {
        var balances: [Int64: Int64] = [:]
        for row in try trialBalance(asOf: date).rows { balances[row.account.id] = row.net.minor }
        switch format {
        case .hledger, .ledger:
            if accounts.isEmpty { return }
            try text.line("\(date) * \"balances\" \"as the books have them\"")
            for account in accounts where !account.isControl {
                let zero = Money.zero(account.currency)
                try text.posting(names[account.id], zero, equals: Money(minor: balances[account.id] ?? 0, account.currency))
            }
        case .beancount:
            // Of the start of a day, and of an account with all below it.
            let after = try date.adding(days: 1)
            for account in accounts {
                let below = names[account.id] + ":"
                let sum = accounts.reduce(balances[account.id] ?? 0) { sum, other in
                    other.currency == account.currency && names[other.id].hasPrefix(below) ? sum + (balances[other.id] ?? 0) : sum
                }
                let amount = Money(minor: sum, account.currency).description.split(separator: " ")
                try text.line("\(after) balance \(names[account.id])  \(amount[0]) ~ 0 \(amount[1])")
            }
        }
    }
}

/// Text on its way out, a page at a time.
private struct ExportText {
    let sink: ([UInt8]) throws -> Void
    private var bytes: [UInt8] = []

    init(sink: @escaping ([UInt8]) throws -> Void) {
        self.sink = sink
        bytes.reserveCapacity(70_000)
    }

    mutating func line(_ text: String) throws {
        bytes.append(contentsOf: text.utf8)
        bytes.append(0x0A)
        if bytes.count > 65_536 { try flush() }
    }

    /// Two spaces, the account, two spaces or more, the amount.
    mutating func posting(_ account: String, _ amount: Money, equals balance: Money? = nil) throws {
        let number = amount.description
        let gap = max(2, 60 - account.utf8.count - number.utf8.count)
        try line("  \(account)\(String(repeating: " ", count: gap))\(number)\(balance.map { " = \($0)" } ?? "")")
    }

    mutating func flush() throws {
        if bytes.isEmpty { return }
        try sink(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
