import Core
import Storage

extension Ledger {
    private static let updateState = SQL("UPDATE ledger_accounts SET state = ?2 WHERE id = ?1")
    private static let updateLimit = SQL("UPDATE ledger_accounts SET overdraft_minor = ?2 WHERE id = ?1")
    private static let updateName = SQL("UPDATE ledger_accounts SET name = ?2, name_salt = ?3 WHERE id = ?1")
    private static let countOpenSubaccounts = SQL(
        "SELECT count(*) FROM ledger_accounts WHERE parent_id = ?1 AND state <> 'closed'")

    /// From now on; a balance that is beyond the new limit already may not get worse.
    package func setLimit(_ reference: AccountReference, _ limit: AccountLimit, reason: String, actor: LedgerActor) throws {
        try Self.checkReason(reason)
        if case .overdraft(let minor) = limit, minor < 0 {
            throw LedgerError.invalid(field: "limit", "An overdraft is zero or more.")
        }
        try changing(reference) { account in
            try db.run(Self.updateLimit, account.id, limit.overdraftMinor)
            try record(.accountLimited, subject: account.id, actor: actor, reason: reason) { json in
                json.optional("overdraft", limit.overdraftMinor)
            }
        }
    }

    /// The account takes no line on this side any more, or on none if `side` is nil. Voiding and expiry still work.
    package func freeze(_ reference: AccountReference, side: Side? = nil, reason: String, actor: LedgerActor) throws {
        try Self.checkReason(reason)
        try changing(reference) { account in
            let already = Side.allCases.filter { account.state.isFrozen(for: $0) }
            let frozen = Set(already + (side.map { [$0] } ?? Side.allCases))
            let state: AccountState = frozen.count == 2 ? .frozen : frozen.contains(.debit) ? .debitFrozen : .creditFrozen
            try set(state, account, .accountFrozen, reason, actor)
        }
    }

    package func unfreeze(_ reference: AccountReference, reason: String, actor: LedgerActor) throws {
        try Self.checkReason(reason)
        try changing(reference) { try set(.open, $0, .accountUnfrozen, reason, actor) }
    }

    /// For ever.
    /// - Throws: `.accountNotEmpty` if there is a balance, a hold or an open sub-account.
    package func closeAccount(_ reference: AccountReference, reason: String, actor: LedgerActor) throws {
        try Self.checkReason(reason)
        try changing(reference) { account in
            let balance = try slot(writing: .id(account.id)).balance
            let posted = Money(minor: balance.posted(account.normalSide), account.currency)
            guard posted.isZero else { throw LedgerError.accountNotEmpty(account.code, what: "its balance is \(posted)") }
            guard balance.pendingDebits == 0, balance.pendingCredits == 0 else {
                throw LedgerError.accountNotEmpty(account.code, what: "it has holds")
            }
            let children = try db.integer(Self.countOpenSubaccounts, account.id)
            guard children == 0 else {
                throw LedgerError.accountNotEmpty(account.code, what: "it has \(children) open sub-accounts")
            }
            try set(.closed, account, .accountClosed, reason, actor)
        }
    }

    package func renameAccount(_ reference: AccountReference, name: String, actor: LedgerActor) throws {
        guard !name.isEmpty, name.utf8.count <= 200 else {
            throw LedgerError.invalid(field: "name", "An account name has 1 to 200 characters.")
        }
        try changing(reference) { account in
            let salt = memory.salt()
            try db.run(Self.updateName, account.id, name, salt)
            try record(.accountRenamed, subject: account.id, actor: actor) { json in
                json.member("name_digest", Digest.hex(Leaf.privateText(name, salt: salt)))
            }
        }
    }

    /// Removes a name that belongs to a person: the account is called by its code from then on.
    package func eraseAccountName(_ reference: AccountReference, reason: String, actor: LedgerActor) throws {
        try Self.checkReason(reason)
        let account = try account(reference)
        try forgettingAll {
            try db.run(Self.updateName, account.id, account.code, [UInt8]?.none)
            try record(.accountErased, subject: account.id, actor: actor, reason: reason) { _ in }
        }
    }

    private func changing(_ reference: AccountReference, _ body: (Account) throws -> Void) throws {
        try forgettingAll {
            let account = try slot(writing: reference).account
            guard account.state != .closed else { throw LedgerError.accountClosed(account.code) }
            try body(account)
        }
    }

    private func set(
        _ state: AccountState, _ account: Account, _ kind: EventKind, _ reason: String, _ actor: LedgerActor
    ) throws {
        try db.run(Self.updateState, account.id, state.rawValue)
        try record(kind, subject: account.id, actor: actor, reason: reason) { json in
            json.member("state", state.rawValue)
        }
    }
}
