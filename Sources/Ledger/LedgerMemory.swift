import Core
import Storage

/// What the writer of one book remembers between calls: accounts with their balances, open periods, segments.
///
/// It is worth exactly as much as its head. Every change of the ledger is a leaf, so if the head in the database is
/// the remembered one, nothing has changed; if it is another, because of a rollback or otherwise, all is forgotten.
/// Keep one beside each write connection; it belongs to whoever owns the connection.
package final class LedgerMemory {
    /// Accounts are let go between calls once there are more. Never during one: a call knows an account by its slot.
    private let accountLimit: Int

    var head: Head?
    var periods: PeriodTable?
    var segments: [SegmentKey: Segment] = [:]
    var series: [String: Series] = [:]
    /// Nil while not all entries since the last fold are known.
    var days: DaySums?
    private var byCode: [String: AccountSlot] = [:]
    private var byID: [Int64: AccountSlot] = [:]
    /// Reused from leaf to leaf.
    var bytes = CanonicalBytes(capacity: 2048)
    private var salts: [UInt8] = []

    package init(accountLimit: Int = 8192) { self.accountLimit = accountLimit }

    /// At the start of every writing call.
    func validate(_ db: Connection) throws -> Head {
        if byID.count > accountLimit { forget() }
        if let head {
            if try head.isCurrent(db) { return head }
            forget()
        }
        let head = try Head.read(db)
        self.head = head
        return head
    }

    func forget() {
        head = nil
        periods = nil
        days = nil
        segments.removeAll(keepingCapacity: true)
        series.removeAll(keepingCapacity: true)
        byCode.removeAll(keepingCapacity: true)
        byID.removeAll(keepingCapacity: true)
    }

    /// 16 random bytes, made a page at a time.
    func salt() -> [UInt8] {
        if salts.isEmpty { salts = Random.bytes(1024) }
        let salt = Array(salts.suffix(16))
        salts.removeLast(16)
        return salt
    }

    // MARK: Accounts

    func slot(_ reference: AccountReference, _ db: Connection) throws -> AccountSlot? {
        switch reference {
        case .code(let code):
            if let slot = byCode[code] { return slot }
            return try remember(AccountRows.withBalance(code: code, db))
        case .id(let id):
            if let slot = byID[id] { return slot }
            return try remember(AccountRows.withBalance(id: id, db))
        }
    }

    private func remember(_ slot: AccountSlot?) -> AccountSlot? {
        guard let slot else { return nil }
        byID[slot.account.id] = slot
        byCode[slot.account.code] = slot
        return slot
    }
}

/// An account and its balance as of the remembered head.
final class AccountSlot {
    var account: Account
    var balance: Balance

    init(_ account: Account, _ balance: Balance) {
        self.account = account
        self.balance = balance
    }
}
