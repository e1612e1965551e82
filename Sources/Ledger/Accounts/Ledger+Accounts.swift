import Core
import Storage

extension Ledger {
    // MARK: Reading

    /// - Throws: `.accountUnknown`.
    package func account(_ reference: AccountReference) throws -> Account {
        try slot(reading: reference).account
    }

    package func findAccount(_ reference: AccountReference) throws -> Account? {
        try AccountRows.withBalance(reference, db)?.account
    }

    func slot(reading reference: AccountReference) throws -> AccountSlot {
        guard let slot = try AccountRows.withBalance(reference, db) else {
            throw LedgerError.accountUnknown(reference.description, line: nil)
        }
        return slot
    }

    func slot(writing reference: AccountReference) throws -> AccountSlot {
        guard let slot = try memory.slot(reference, db) else {
            throw LedgerError.accountUnknown(reference.description, line: nil)
        }
        return slot
    }

    package struct AccountFilter: Sendable {
        package var kind: AccountKind?
        package var state: AccountState?
        /// The sub-accounts of this one.
        package var parent: AccountReference?
        /// Of the code.
        package var prefix: String?

        package init(
            kind: AccountKind? = nil, state: AccountState? = nil, parent: AccountReference? = nil, prefix: String? = nil
        ) {
            self.kind = kind
            self.state = state
            self.parent = parent
            self.prefix = prefix
        }
    }

    private static let selectAccounts = SQL(
        """
        SELECT \(AccountRows.columns) FROM ledger_accounts a
        WHERE a.code > ?1 AND (?2 IS NULL OR a.kind = ?2) AND (?3 IS NULL OR a.state = ?3)
          AND (?4 IS NULL OR substr(a.code, 1, length(?4)) = ?4)
        ORDER BY a.code LIMIT ?5
        """)
    private static let selectSubaccounts = SQL(
        """
        SELECT \(AccountRows.columns) FROM ledger_accounts a
        WHERE a.parent_id = ?6 AND a.code > ?1 AND (?2 IS NULL OR a.kind = ?2) AND (?3 IS NULL OR a.state = ?3)
          AND (?4 IS NULL OR substr(a.code, 1, length(?4)) = ?4)
        ORDER BY a.code LIMIT ?5
        """)

    /// In the order of their codes.
    /// - Parameter after: the code that the page before ended with.
    package func accounts(_ filter: AccountFilter = AccountFilter(), after: String = "", limit: Int = 50) throws -> [Account] {
        let (kind, state) = (filter.kind?.rawValue, filter.state?.rawValue)
        if let parent = filter.parent {
            return try db.query(
                Self.selectSubaccounts, after, kind, state, filter.prefix, limit, account(parent).id, row: AccountRows.account)
        }
        return try db.query(Self.selectAccounts, after, kind, state, filter.prefix, limit, row: AccountRows.account)
    }

    // MARK: Opening

    /// - Throws: `.invalid`, `.accountExists`, `.accountUnknown` for the parent.
    @discardableResult
    package func openAccount(_ new: NewAccount, actor: LedgerActor) throws -> Account {
        guard !new.code.contains(":") else {
            throw LedgerError.invalid(field: "code", "A colon in an account code is kept for sub-accounts.")
        }
        return try forgettingAll {
            let parent = try new.parentCode.map { try slot(writing: .code($0)).account }
            return try open(new, under: parent, actor)
        }
    }

    /// The account "control:key", opened if it is not there yet, with the kind, side, currency and limit of the control
    /// account.
    ///
    /// - Parameter key: 1 to 40 letters, digits, `.`, `-`, `_`.
    /// - Parameter limit: nil for that of the control account.
    @discardableResult
    package func openSubaccount(
        control: AccountReference, key: String, name: String, limit: AccountLimit? = nil, actor: LedgerActor
    ) throws -> Account {
        _ = try memory.validate(db)
        let parent = try slot(writing: control).account
        if let there = try memory.slot(.code("\(parent.code):\(key)"), db) { return there.account }
        guard Self.isWord(key, upTo: 40) else {
            throw LedgerError.invalid(field: "key", "A sub-account's key has 1 to 40 letters, digits, dots and hyphens.")
        }
        let new = NewAccount(
            code: "\(parent.code):\(key)", name: name, kind: parent.kind, normalSide: parent.normalSide,
            currency: parent.currency, limit: limit ?? parent.limit, openedOn: parent.openedOn)
        // What is remembered stays right: a new account only adds to it.
        return try open(new, under: parent, actor)
    }

    private func open(_ new: NewAccount, under parent: Account?, _ actor: LedgerActor) throws -> Account {
        guard new.code.split(separator: ":", omittingEmptySubsequences: false).allSatisfy({ Self.isWord($0, upTo: 64) }),
            new.code.utf8.count <= 128
        else {
            throw LedgerError.invalid(field: "code", "An account code has 1 to 64 letters, digits, dots and hyphens.")
        }
        guard !new.name.isEmpty, new.name.utf8.count <= 200 else {
            throw LedgerError.invalid(field: "name", "An account name has 1 to 200 characters.")
        }
        if case .overdraft(let minor) = new.limit, minor < 0 {
            throw LedgerError.invalid(field: "limit", "An overdraft is zero or more.")
        }
        if try memory.slot(.code(new.code), db) != nil { throw LedgerError.accountExists(new.code) }
        if let parent, parent.state == .closed { throw LedgerError.accountClosed(parent.code) }
        if let parent, parent.currency != new.currency || parent.kind != new.kind {
            throw LedgerError.invalid(
                field: "parent_code", "Account \(new.code) must have the kind and currency of \(parent.code).")
        }
        let account = Account(
            id: try AccountRows.nextID(db), code: new.code, name: new.name, kind: new.kind,
            normalSide: new.normalSide ?? new.kind.normalSide, currency: new.currency, parentID: parent?.id,
            isControl: new.isControl, limit: new.limit, state: .open, openedOn: new.openedOn)
        let salt = memory.salt()
        try AccountRows.insert(account, salt: salt, db)
        try record(.accountOpened, subject: account.id, actor: actor) { json in
            AccountEvents.write(account, nameDigest: Leaf.privateText(account.name, salt: salt), to: &json)
        }
        return account
    }

    static func isWord(_ text: some StringProtocol, upTo length: Int) -> Bool {
        (1...length).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
