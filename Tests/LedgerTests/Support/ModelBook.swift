/// The ledger once more: slow, obvious, of arrays and wide integers, sharing no code with it. Every answer is folded from
/// the whole history. A refusal is a code; "" is consent.
struct ModelBook {
    struct Account {
        let code: String
        let isDebitNormal: Bool
        let currency: String
        var isControl = false
        var parent: String?
        var overdraft: Int128?
        var frozen: Set<String> = []  // "debit", "credit"
        var isClosed = false
    }

    struct Line: Equatable {
        var account: String
        var isDebit: Bool
        var amount: Int128
    }

    struct Entry: Equatable {
        var day: Int
        var lines: [Line]
        var reverses: Int?
        var key: String?
        var corrects: Int?
    }

    struct Hold {
        var lines: [Line]
        var captured: [Int128]
        var released: [Int128]
        var state = "held"
        var expires: Int64?
        var day: Int
        var remaining: [Int128] { lines.indices.map { lines[$0].amount - captured[$0] - released[$0] } }
        var isLive: Bool { state == "held" || state == "partly_captured" }
    }

    struct Condition {
        var account: String
        var atLeast: Int128
    }

    var accounts: [Account] = []
    var entries: [Entry] = []
    var holds: [Hold] = []
    /// From December 2025: "open", "closed" or "locked".
    var months = [String](repeating: "open", count: 13)
    var numbers: [Int: Int64] = [:]  // next, by year

    func account(_ code: String) -> Account? { accounts.first { $0.code == code } }

    /// Months since December 2025 of a day counted from 1 December 2025; nil outside what is defined.
    func month(_ day: Int) -> Int? {
        let lengths = [31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var first = 0
        for (index, length) in lengths.enumerated() {
            if day >= first, day < first + length { return index }
            first += length
        }
        return nil
    }

    // MARK: Folding

    func posted(_ code: String, through day: Int = .max, known: Int = .max) -> (debits: Int128, credits: Int128) {
        var sums: (debits: Int128, credits: Int128) = (0, 0)
        for entry in entries.prefix(known) where entry.day <= day {
            for line in entry.lines where line.account == code {
                if line.isDebit { sums.debits += line.amount } else { sums.credits += line.amount }
            }
        }
        return sums
    }

    func pending(_ code: String) -> (debits: Int128, credits: Int128) {
        var sums: (debits: Int128, credits: Int128) = (0, 0)
        for hold in holds where hold.isLive {
            for (line, left) in zip(hold.lines, hold.remaining) where line.account == code {
                if line.isDebit { sums.debits += left } else { sums.credits += left }
            }
        }
        return sums
    }

    func available(_ code: String) -> Int128 {
        let (posted, pending) = (posted(code), pending(code))
        return account(code)!.isDebitNormal
            ? posted.debits - posted.credits - pending.credits : posted.credits - posted.debits - pending.debits
    }

    // MARK: Refusing

    func shape(_ lines: [Line]) -> String {
        if lines.count < 2 { return "too_few_lines" }
        if lines.contains(where: { $0.amount <= 0 }) { return "amount_not_positive" }
        return balance(lines)
    }

    func balance(_ lines: [Line]) -> String {
        if lines.contains(where: { account($0.account) == nil }) { return "" }
        for currency in Set(accounts.map(\.currency)) {
            var sum: Int128 = 0
            for line in lines where account(line.account)!.currency == currency { sum += line.isDebit ? line.amount : -line.amount }
            if sum != 0 { return "unbalanced" }
        }
        return ""
    }

    func calendar(_ day: Int) -> String {
        guard let month = month(day) else { return "period_missing" }
        return ["open": "", "closed": "period_closed", "locked": "period_locked"][months[month]]!
    }

    func references(_ lines: [Line]) -> String {
        if lines.contains(where: { account($0.account) == nil }) { return "account_unknown" }
        if lines.contains(where: { account($0.account)!.isControl }) { return "control_account" }
        return ""
    }

    /// Whether more is taken back from an entry than it brought, all its corrections and reversals counted.
    func correction(_ entry: Entry) -> String {
        if let corrected = entry.corrects, !entries.indices.contains(corrected - 1) { return "entry_unknown" }
        var origin = entry
        var root: Int?
        while let reversed = origin.reverses { (root, origin) = (reversed, entries[reversed - 1]) }
        guard let number = origin.corrects ?? root else { return "" }
        var family: Set = [number]
        for (index, other) in entries.enumerated() where other.corrects == number || family.contains(other.reverses ?? 0) {
            family.insert(index + 1)
        }
        func net(_ lines: [Line], _ account: String) -> Int128 {
            lines.reduce(0) { $1.account == account ? $0 + ($1.isDebit ? $1.amount : -$1.amount) : $0 }
        }
        for account in accounts.map(\.code) {
            let (first, change) = (net(entries[number - 1].lines, account), net(entry.lines, account))
            let left = family.reduce(Int128(0)) { $0 + net(entries[$1 - 1].lines, account) } + change
            if first > 0, change < 0, left < 0 { return "correction_exceeds" }
            if first < 0, change > 0, left > 0 { return "correction_exceeds" }
        }
        return ""
    }

    /// - Parameter after: the book as it would be.
    func state(_ lines: [Line], _ after: ModelBook, _ conditions: [Condition] = [], released: [Line] = []) -> String {
        if lines.contains(where: { account($0.account)!.isClosed }) { return "account_closed" }
        if lines.contains(where: { account($0.account)!.frozen.contains($0.isDebit ? "debit" : "credit") }) { return "account_frozen" }
        for condition in conditions where after.available(condition.account) < condition.atLeast { return "condition_failed" }
        for code in Set((lines + released).map(\.account)) {
            guard let overdraft = account(code)!.overdraft else { continue }
            if after.available(code) < -overdraft, after.available(code) < available(code) { return "limit_exceeded" }
        }
        return ""
    }

    // MARK: Doing

    mutating func post(_ entry: Entry, _ conditions: [Condition] = []) -> String {
        var code = shape(entry.lines)
        if code.isEmpty, let key = entry.key, let old = entries.first(where: { $0.key == key }) {
            return old == entry ? "" : "idempotency_conflict"
        }
        if code.isEmpty { code = calendar(entry.day) }
        if code.isEmpty { code = references(entry.lines) }
        if code.isEmpty { code = correction(entry) }
        var after = self
        after.entries.append(entry)
        if code.isEmpty { code = state(entry.lines, after, conditions) }
        if code.isEmpty { self = after }
        return code
    }

    mutating func reverse(_ number: Int, day: Int) -> String {
        guard entries.indices.contains(number - 1) else { return "entry_unknown" }
        let original = entries[number - 1]
        if day < original.day { return "effective_before_original" }
        if entries.contains(where: { $0.reverses == number }) { return "already_reversed" }
        let lines = original.lines.map { Line(account: $0.account, isDebit: !$0.isDebit, amount: $0.amount) }
        return post(Entry(day: day, lines: lines, reverses: number))
    }

    mutating func hold(_ lines: [Line], day: Int, expires: Int64?) -> String {
        var code = shape(lines)
        if code.isEmpty { code = calendar(day) }
        if code.isEmpty { code = references(lines) }
        var after = self
        let zeros = lines.map { _ in Int128(0) }
        after.holds.append(Hold(lines: lines, captured: zeros, released: zeros, expires: expires, day: day))
        if code.isEmpty { code = state(lines, after) }
        if code.isEmpty { self = after }
        return code
    }

    mutating func capture(_ number: Int, _ parts: [(line: Int, amount: Int128)]?, isFinal: Bool, day: Int) -> String {
        guard holds.indices.contains(number - 1) else { return "hold_unknown" }
        var hold = holds[number - 1]
        if !hold.isLive { return "hold_resolved" }
        let left = hold.remaining.enumerated().filter { $0.element > 0 }.map { (line: $0.offset + 1, amount: $0.element) }
        let parts: [(line: Int, amount: Int128)] = parts ?? left
        if parts.count < 2 { return "too_few_lines" }
        var lines: [Line] = []
        for part in parts {
            if part.amount <= 0 { return "amount_not_positive" }
            if hold.remaining[part.line - 1] < part.amount { return "capture_exceeds_hold" }
            hold.captured[part.line - 1] += part.amount
            var line = hold.lines[part.line - 1]
            line.amount = part.amount
            lines.append(line)
        }
        var code = balance(lines)
        var released: [Line] = []
        if isFinal {
            for index in hold.lines.indices where hold.remaining[index] > 0 {
                released.append(hold.lines[index])
                hold.released[index] += hold.remaining[index]
            }
        }
        if code.isEmpty { code = calendar(day) }
        hold.state = hold.remaining.contains { $0 > 0 } ? "partly_captured" : "captured"
        var after = self
        after.holds[number - 1] = hold
        after.entries.append(Entry(day: day, lines: lines))
        if code.isEmpty { code = state(lines, after, released: released) }
        if code.isEmpty { self = after }
        return code
    }

    mutating func end(_ number: Int, _ state: String) -> String {
        guard holds.indices.contains(number - 1) else { return "hold_unknown" }
        if !holds[number - 1].isLive { return "hold_resolved" }
        for index in holds[number - 1].lines.indices { holds[number - 1].released[index] += holds[number - 1].remaining[index] }
        holds[number - 1].state = state
        return ""
    }

    mutating func change(_ code: String, _ body: (inout Account) -> Void) -> String {
        guard let index = accounts.firstIndex(where: { $0.code == code }) else { return "account_unknown" }
        if accounts[index].isClosed { return "account_closed" }
        body(&accounts[index])
        return ""
    }

    mutating func close(_ code: String) -> String {
        guard let found = account(code) else { return "account_unknown" }
        if found.isClosed { return "account_closed" }
        let (posted, pending) = (posted(code), pending(code))
        if posted.debits != posted.credits || pending != (0, 0) { return "account_not_empty" }
        if accounts.contains(where: { $0.parent == code && !$0.isClosed }) { return "account_not_empty" }
        return change(code) { $0.isClosed = true }
    }

    mutating func move(_ month: Int, _ from: String, _ to: String) -> String {
        if to == "locked" {
            if months.prefix(month).contains(where: { $0 != "locked" }) { return "period_order" }
            if holds.contains(where: { $0.isLive && self.month($0.day) == month }) { return "period_has_holds" }
        }
        if months[month] != from { return "period_state" }
        months[month] = to
        return ""
    }
}
