import Core

/// The two sides of an account.
package enum Side: String, Sendable, CaseIterable {
    case debit, credit

    package var opposite: Side { self == .debit ? .credit : .debit }
}

/// What an account stands for in the statements.
package enum AccountKind: String, Sendable, CaseIterable {
    case asset, liability, equity, revenue, expense

    /// The side on which such an account grows; a contra account states the other.
    package var normalSide: Side {
        switch self {
        case .asset, .expense: .debit
        case .liability, .equity, .revenue: .credit
        }
    }
}

/// Whether an account takes lines.
package enum AccountState: String, Sendable, CaseIterable {
    case open
    case debitFrozen = "debit_frozen"
    case creditFrozen = "credit_frozen"
    case frozen
    case closed

    func isFrozen(for side: Side) -> Bool {
        switch self {
        case .frozen: true
        case .debitFrozen: side == .debit
        case .creditFrozen: side == .credit
        case .open, .closed: false
        }
    }
}

/// How far an account may go against its normal side, holds counted.
package enum AccountLimit: Hashable, Sendable {
    case none
    /// Available may not fall below minus so many minor units, ≥ 0; zero: no balance on the wrong side.
    case overdraft(Int64)

    package static let noOverdraft = AccountLimit.overdraft(0)

    var overdraftMinor: Int64? { if case .overdraft(let minor) = self { minor } else { nil } }
    init(overdraftMinor: Int64?) { self = overdraftMinor.map { .overdraft($0) } ?? .none }
}

package struct Account: Sendable, Equatable {
    package let id: Int64
    /// Unique and for ever, such as "1200" or "1200:customer-17".
    package let code: String
    package internal(set) var name: String
    package let kind: AccountKind
    package let normalSide: Side
    package let currency: Currency
    package let parentID: Int64?
    /// Takes no lines of its own: its balance is the sum of its sub-accounts.
    package let isControl: Bool
    package internal(set) var limit: AccountLimit
    package internal(set) var state: AccountState
    /// The first day that may be posted; nil for any.
    package let openedOn: CalendarDate?
}

/// How a caller names an account: by code, as people do, or by id, which is cheaper.
package enum AccountReference: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case code(String)
    case id(Int64)

    package init(stringLiteral code: String) { self = .code(code) }
    package init(integerLiteral id: Int64) { self = .id(id) }
    package init(_ account: Account) { self = .id(account.id) }
}

extension AccountReference: CustomStringConvertible {
    package var description: String {
        switch self {
        case .code(let code): String(code.prefix(80))
        case .id(let id): "number \(id)"
        }
    }
}

package struct NewAccount: Sendable {
    /// 1 to 64 letters, digits, `.`, `-`, `_`; a colon is for sub-accounts.
    package var code: String
    /// Shown to people; may name a person, since it can be erased.
    package var name: String
    package var kind: AccountKind
    /// Nil for that of the kind; the other one for a contra account.
    package var normalSide: Side?
    package var currency: Currency
    /// The code of an account of the same kind and currency.
    package var parentCode: String?
    package var isControl = false
    package var limit: AccountLimit = .none
    package var openedOn: CalendarDate?

    package init(
        code: String, name: String, kind: AccountKind, normalSide: Side? = nil, currency: Currency,
        parentCode: String? = nil, isControl: Bool = false, limit: AccountLimit = .none, openedOn: CalendarDate? = nil
    ) {
        self.code = code
        self.name = name
        self.kind = kind
        self.normalSide = normalSide
        self.currency = currency
        self.parentCode = parentCode
        self.isControl = isControl
        self.limit = limit
        self.openedOn = openedOn
    }
}

/// Who does something: a number and a word for what it is, such as "user", "token" or "job:close".
///
/// The word is kept for ever in the chain, so it is never a person's name.
package struct LedgerActor: Hashable, Sendable {
    package let id: Int64
    package let label: String

    package init(id: Int64, label: String) {
        self.id = id
        self.label = label
    }
}
