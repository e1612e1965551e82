import Core

/// The totals of one account, in minor units of its currency.
package struct Balance: Sendable, Equatable {
    package internal(set) var postedDebits: Int64 = 0
    package internal(set) var postedCredits: Int64 = 0
    /// Held, neither captured nor released yet.
    package internal(set) var pendingDebits: Int64 = 0
    package internal(set) var pendingCredits: Int64 = 0
    /// Grows with every change.
    package internal(set) var version: Int64 = 0
    package internal(set) var lastEntry: Int64?
}

extension Balance {
    /// What is booked, positive on the normal side.
    package func posted(_ normal: Side) -> Int64 {
        normal == .debit ? postedDebits &- postedCredits : postedCredits &- postedDebits
    }

    /// What will be booked if every hold is captured.
    func pendingWide(_ normal: Side) -> Int128 {
        let net = Int128(postedDebits) + Int128(pendingDebits) - Int128(postedCredits) - Int128(pendingCredits)
        return normal == .debit ? net : -net
    }

    /// What is booked less what is promised to go out; what is promised to come in does not count.
    func availableWide(_ normal: Side) -> Int128 {
        let posted = Int128(postedDebits) - Int128(postedCredits)
        return normal == .debit ? posted - Int128(pendingCredits) : -posted - Int128(pendingDebits)
    }

    package func pending(_ normal: Side) -> Int64 { Int64(clamping: pendingWide(normal)) }
    package func available(_ normal: Side) -> Int64 { Int64(clamping: availableWide(normal)) }
}

/// The balance of one account as people ask for it.
package struct AccountBalance: Sendable, Equatable {
    package let account: Account
    /// Sums of all lines; of a control account, of its sub-accounts too.
    package let debits: Int64
    package let credits: Int64
    /// Holds; zero when the balance is of a day in the past.
    package let pendingDebits: Int64
    package let pendingCredits: Int64
    /// Of a control account 0.
    package let version: Int64
    /// The last entry that is in it, of all accounts: the point that the answer is of.
    package let knownAs: Int64

    private var totals: Balance {
        Balance(
            postedDebits: debits, postedCredits: credits, pendingDebits: pendingDebits, pendingCredits: pendingCredits)
    }

    /// Positive on the account's normal side.
    package var posted: Money { Money(minor: totals.posted(account.normalSide), account.currency) }
    package var pending: Money { Money(minor: totals.pending(account.normalSide), account.currency) }
    package var available: Money { Money(minor: totals.available(account.normalSide), account.currency) }
}
