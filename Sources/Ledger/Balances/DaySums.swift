import Core
import Storage

/// What the entries since the last fold add to `ledger_days`: kept while posting, so that folding reads no line again.
///
/// Part of `LedgerMemory`, and worth as much: a rollback takes it along with the head. Without it folding sums the lines.
struct DaySums {
    /// The last entry that is folded; all entries behind it are in here.
    let since: Int64
    private var sums: [Key: Movement] = [:]
    /// More are not kept: summing the lines takes no memory.
    private static let limit = 20_000

    private struct Key: Hashable, Comparable {
        let date: String
        let account: Int64

        static func < (left: Key, right: Key) -> Bool { (left.date, left.account) < (right.date, right.account) }
    }

    init(since: Int64) { self.since = since }

    var isTooLarge: Bool { sums.count > Self.limit }

    mutating func add(_ effects: [Effect], on date: String) {
        for effect in effects {
            let key = Key(date: date, account: effect.slot.account.id)
            sums[key, default: Movement()].debits += effect.debits
            sums[key, default: Movement()].credits += effect.credits
        }
    }

    private static let upsert = SQL(
        """
        INSERT INTO ledger_days (effective_on, account_id, debit_minor, credit_minor) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (effective_on, account_id) DO UPDATE SET
          debit_minor = debit_minor + excluded.debit_minor, credit_minor = credit_minor + excluded.credit_minor
        """)

    /// Adds all of them to the rows, in the order of the rows.
    func fold(_ db: Connection) throws(StorageError) {
        let statement = try db.statement(Self.upsert)
        for (key, sum) in sums.sorted(by: { $0.key < $1.key }) {
            statement.bind(1, key.date)
            statement.bind(2, key.account)
            statement.bind(3, sum.debits)
            statement.bind(4, sum.credits)
            try statement.run()
        }
    }
}
