import Core

/// An entry on its way to being posted: its form is right, its accounts are looked up, nothing is decided.
struct Draft {
    var record: EntryRecord
    var effectiveOn: CalendarDate
    var memo: String?
    var lines: [LineRecord] = []
    /// The account of each line; nil if there is none of that name.
    var slots: [AccountSlot?] = []
    /// How the caller named the account of each line, for refusals.
    var names: [AccountReference] = []
    /// What a capture takes out of the pending totals, line by line; empty for other entries.
    var released: [Release] = []
    var conditions: [BalanceCondition] = []
    var isOncePerSource = false
    var ignoresLimits = false

    struct Release {
        let slot: AccountSlot
        let side: Side
        let amount: Int64
    }

    init(record: EntryRecord, effectiveOn: CalendarDate, memo: String?) {
        self.record = record
        self.effectiveOn = effectiveOn
        self.memo = memo
    }
}

// MARK: Stage 1, shape

extension Draft {
    init(_ new: NewEntry) throws(LedgerError) {
        record = EntryRecord(
            kind: new.kind, effectiveOn: new.effectiveOn.description, sourceType: new.source?.type,
            sourceID: new.source?.id, actorID: new.actor.id, actor: new.actor.label, rulesVersion: new.rulesVersion,
            corrects: new.corrects, idempotencyKey: new.idempotencyKey)
        effectiveOn = new.effectiveOn
        memo = new.memo
        conditions = new.conditions
        isOncePerSource = new.isOncePerSource
        try checkTexts()
        try setLines(new.lines)
    }

    mutating func setLines(_ new: [NewLine]) throws(LedgerError) {
        guard new.count >= 2 else { throw .tooFewLines(new.count) }
        guard new.count <= NewEntry.maximumLines else { throw .tooManyLines(new.count) }
        lines.reserveCapacity(new.count)
        for (index, line) in new.enumerated() {
            guard line.amount > 0 else { throw .amountNotPositive(line: index, amount: line.amount) }
            guard line.amount <= NewLine.maximumAmount else { throw .amountTooLarge(line: index, amount: line.amount) }
            lines.append(
                LineRecord(
                    account: 0, debit: line.side == .debit ? line.amount : 0, credit: line.side == .credit ? line.amount : 0,
                    branch: line.branch, dimensions: try Self.dimensions(line.dimensions, line: index)))
        }
    }

    func checkTexts() throws(LedgerError) {
        try Self.checkKind(record.kind)
        if let type = record.sourceType {
            try Self.check(type, "source_type", upTo: 64)
        }
        try Self.check(record.actor, "actor", upTo: 64)
        if let version = record.rulesVersion { try Self.check(version, "rules_version", upTo: 200) }
        if let key = record.idempotencyKey { try Self.check(key, "idempotency_key", upTo: 400) }
        if let memo { try Self.check(memo, "memo", upTo: 2000) }
    }

    static func checkKind(_ kind: String) throws(LedgerError) {
        let isWord = kind.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isWord, (1...64).contains(kind.utf8.count) else {
            throw .invalid(field: "kind", "A kind has 1 to 64 lower-case letters, digits, dots, colons and hyphens.")
        }
    }

    static func check(_ text: String, _ field: String, upTo length: Int) throws(LedgerError) {
        guard (1...length).contains(text.utf8.count) else {
            throw .invalid(field: field, "\(field) has 1 to \(length) bytes.")
        }
    }

    /// As canonical JSON; nil when there are none.
    static func dimensions(_ object: Object?, line: Int) throws(LedgerError) -> String? {
        guard let object, !object.isEmpty else { return nil }
        let field = "lines[\(line)].dimensions"
        var sorted = Object()
        for pair in object.sorted(by: { $0.key < $1.key }) {
            switch pair.value {
            case .string, .int, .bool: sorted.append(pair.key, pair.value)
            default: throw .invalid(field: field, "\(pair.key.prefix(40)) is neither a text, an integer nor a boolean.")
            }
        }
        let text = String(decoding: JSON.serialize(.object(sorted)), as: UTF8.self)
        guard text.utf8.count <= 1000 else { throw .invalid(field: field, "Dimensions take at most 1000 bytes.") }
        return text
    }
}

extension Draft {
    /// Debits and credits must agree, currency by currency. Nothing is said while an account is not known.
    func checkBalance() throws(LedgerError) {
        guard let currency = slots.first??.account.currency else { return }
        var (debits, credits): (Int64, Int64) = (0, 0)
        var isMixed = false
        for (index, slot) in slots.enumerated() {
            guard let slot else { return }
            isMixed = isMixed || slot.account.currency != currency
            // 4095 lines of 10^15 fit; what somebody else wrote into the file may not, and must not stop `verify`.
            debits &+= lines[index].debit
            credits &+= lines[index].credit
        }
        if isMixed { return try checkBalanceByCurrency() }
        guard debits == credits else {
            throw .unbalanced(debits: Money(minor: debits, currency), credits: Money(minor: credits, currency))
        }
    }

    private func checkBalanceByCurrency() throws(LedgerError) {
        var sums: [Currency: (debits: Int64, credits: Int64)] = [:]
        for (line, slot) in zip(lines, slots) {
            guard let slot else { return }
            sums[slot.account.currency, default: (0, 0)].debits &+= line.debit
            sums[slot.account.currency, default: (0, 0)].credits &+= line.credit
        }
        for (currency, sum) in sums.sorted(by: { $0.key.code < $1.key.code }) where sum.debits != sum.credits {
            throw .unbalanced(debits: Money(minor: sum.debits, currency), credits: Money(minor: sum.credits, currency))
        }
    }
}
