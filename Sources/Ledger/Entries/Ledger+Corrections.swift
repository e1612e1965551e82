import Core
import Storage

// An entry may be corrected in parts, each part naming it. What was taken back of it never exceeds it, account by account.

extension Ledger {
    /// The entry itself, what corrects it, and reversals of any of them, as far as they come before an entry.
    private static let selectStanding = SQL(
        """
        WITH RECURSIVE family (id) AS (
          SELECT ?1
          UNION SELECT id FROM ledger_entries WHERE corrects_id = ?1 AND id < ?2
          UNION SELECT r.id FROM family JOIN ledger_entries r ON r.reverses_id = family.id AND r.id < ?2
        )
        SELECT l.account_id, l.debit_minor, l.credit_minor, l.entry_id = ?1
        FROM family CROSS JOIN ledger_lines l ON l.entry_id = family.id
        """)
    private static let selectOrigin = SQL("SELECT reverses_id, corrects_id FROM ledger_entries WHERE id = ?1")

    /// The entry that a correction, or a reversal of one, is in the end about.
    static func origin(of record: EntryRecord, _ db: Connection) throws -> Int64? {
        if let corrected = record.corrects { return corrected }
        guard var entry = record.reverses else { return nil }
        while true {
            guard let (reverses, corrects) = try db.first(selectOrigin, entry, row: { ($0.optionalInt(0), $0.optionalInt(1)) })
            else { return nil }
            if let corrects { return corrects }
            guard let reverses, reverses < entry else { return entry }
            entry = reverses
        }
    }

    /// - Parameter before: entries from this one on do not count.
    /// - Throws: `.correctionExceeds` if more would be taken back from an account than the entry brought to it.
    static func checkCorrection(
        _ record: EntryRecord, _ lines: [LineRecord], before: Int64 = .max, accounts: (Int64) throws -> Account?, _ db: Connection
    ) throws {
        guard let origin = try origin(of: record, db) else { return }
        var standing: [Int64: (net: Int128, original: Int128)] = [:]
        try db.each(selectStanding, origin, before) { row in
            let amount = Int128(row.int(1)) - Int128(row.int(2))
            standing[row.int(0), default: (0, 0)].net += amount
            if row.bool(3) { standing[row.int(0), default: (0, 0)].original += amount }
            return true
        }
        for (account, (net, original)) in standing.sorted(by: { $0.key < $1.key }) where original != 0 {
            let change = lines.reduce(Int128(0)) { $1.account == account ? $0 + Int128($1.debit) - Int128($1.credit) : $0 }
            let sign: Int128 = original > 0 ? 1 : -1
            if change * sign < 0, (net + change) * sign < 0, let account = try accounts(account) {
                throw LedgerError.correctionExceeds(
                    entry: origin, account: account.code,
                    remaining: Money(minor: Int64(clamping: max(0, net * sign)), account.currency),
                    asked: Money(minor: Int64(clamping: -change * sign), account.currency))
            }
        }
    }
}
