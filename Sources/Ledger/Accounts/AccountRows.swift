import Core
import Storage

/// The rows of ledger_accounts and ledger_balances.
enum AccountRows {
    static let columns = """
        a.id, a.code, a.name, a.kind, a.normal_side, a.currency, a.exponent, a.parent_id, a.is_control, \
        a.overdraft_minor, a.state, a.opened_on
        """
    private static let balanceColumns = """
        b.posted_debits_minor, b.posted_credits_minor, b.pending_debits_minor, b.pending_credits_minor, b.version, \
        b.last_entry_id
        """
    private static let joined = "FROM ledger_accounts a JOIN ledger_balances b ON b.account_id = a.id"
    private static let selectByCode = SQL("SELECT \(columns), \(balanceColumns) \(joined) WHERE a.code = ?1")
    private static let selectByID = SQL("SELECT \(columns), \(balanceColumns) \(joined) WHERE a.id = ?1")

    static func withBalance(code: String, _ db: Connection) throws -> AccountSlot? {
        try db.first(selectByCode, code) { AccountSlot(try account($0), balance($0, from: 12)) }
    }

    static func withBalance(id: Int64, _ db: Connection) throws -> AccountSlot? {
        try db.first(selectByID, id) { AccountSlot(try account($0), balance($0, from: 12)) }
    }

    static func withBalance(_ reference: AccountReference, _ db: Connection) throws -> AccountSlot? {
        switch reference {
        case .code(let code): try withBalance(code: code, db)
        case .id(let id): try withBalance(id: id, db)
        }
    }

    /// From `columns`, starting at 0.
    static func account(_ row: Row) throws -> Account {
        let code = row.text(1)
        guard let kind = AccountKind(rawValue: row.text(3)), let side = Side(rawValue: row.text(4)),
            let state = AccountState(rawValue: row.text(10))
        else { throw LedgerError.damaged("account \(code) has an unknown kind, side or state") }
        return Account(
            id: row.int(0), code: code, name: row.text(2), kind: kind, normalSide: side,
            currency: try Currency(code: row.text(5), exponent: Int(row.int(6))), parentID: row.optionalInt(7),
            isControl: row.bool(8), limit: AccountLimit(overdraftMinor: row.optionalInt(9)), state: state,
            openedOn: try row.optionalDate(11))
    }

    static func balance(_ row: Row, from first: Int32) -> Balance {
        Balance(
            postedDebits: row.int(first), postedCredits: row.int(first + 1), pendingDebits: row.int(first + 2),
            pendingCredits: row.int(first + 3), version: row.int(first + 4), lastEntry: row.optionalInt(first + 5))
    }

    private static let updateBalance = SQL(
        """
        UPDATE ledger_balances SET posted_debits_minor = ?2, posted_credits_minor = ?3, pending_debits_minor = ?4,
          pending_credits_minor = ?5, version = ?6, last_entry_id = ?7
        WHERE account_id = ?1
        """)

    static func write(_ balance: Balance, of account: Int64, _ db: Connection) throws(StorageError) {
        let update = try db.statement(updateBalance)
        update.bind(1, account)
        update.bind(2, balance.postedDebits)
        update.bind(3, balance.postedCredits)
        update.bind(4, balance.pendingDebits)
        update.bind(5, balance.pendingCredits)
        update.bind(6, balance.version)
        update.bind(7, balance.lastEntry)
        try update.run()
    }

    private static let insertAccount = SQL(
        """
        INSERT INTO ledger_accounts (id, code, name, name_salt, kind, normal_side, currency, exponent, parent_id, is_control,
          overdraft_minor, state, opened_on)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        """)
    private static let insertBalance = SQL(
        """
        INSERT INTO ledger_balances (account_id, posted_debits_minor, posted_credits_minor, pending_debits_minor,
          pending_credits_minor, version) VALUES (?1, 0, 0, 0, 0, 0)
        """)
    private static let lastID = SQL("SELECT coalesce(max(id), 0) FROM ledger_accounts")

    static func nextID(_ db: Connection) throws -> Int64 { try db.integer(lastID) + 1 }

    static func insert(_ account: Account, salt: [UInt8], _ db: Connection) throws {
        try db.run(
            insertAccount, account.id, account.code, account.name, salt, account.kind.rawValue,
            account.normalSide.rawValue, account.currency.code, account.currency.exponent, account.parentID,
            account.isControl, account.limit.overdraftMinor, account.state.rawValue, account.openedOn)
        try db.run(insertBalance, account.id)
    }
}
