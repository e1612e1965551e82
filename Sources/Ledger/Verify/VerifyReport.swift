import Core

/// What `verify` found.
package struct VerifyReport: Sendable {
    package internal(set) var entries: Int64 = 0
    package internal(set) var events: Int64 = 0
    package internal(set) var lines: Int64 = 0
    package internal(set) var accounts: Int64 = 0
    /// The last digest of the chain, as stored.
    package internal(set) var head: [UInt8] = []
    /// In the order in which they were found; at most `maximumProblems`.
    package internal(set) var problems: [VerifyProblem] = []
    /// There were more than `problems` holds.
    package internal(set) var isTruncated = false

    package static let maximumProblems = 200

    package var isSound: Bool { problems.isEmpty }

    mutating func add(_ problem: VerifyProblem) {
        if problems.count < Self.maximumProblems { problems.append(problem) } else { isTruncated = true }
    }
}

package struct VerifyProblem: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// A digest is not that of its row and all before it.
        case chain
        /// A number is missing, out of order or there twice.
        case numbering
        /// A time is earlier than that of the leaf before.
        case time
        /// Debits and credits of an entry differ.
        case unbalanced
        /// A line, or what an entry refers to, is wrong in itself.
        case entry
        /// An event is not readable or does not fit what went before.
        case event
        /// A rule that posting keeps is broken: a limit, a freeze, a closed month.
        case rule
        /// A memo or a name is not the one that the chain is bound to.
        case text
        /// A row that is made from entries and events differs from them.
        case account, balance, day, hold, period, series
        /// A statement, a match or a reconciliation is not what its event says, or breaks a rule of theirs.
        case reconciliation
        /// A checkpoint does not fit the chain.
        case checkpoint
    }

    package let kind: Kind
    /// Such as "entry 17" or "ledger_balances 1000".
    package let place: String
    package let detail: String
    /// The account whose balance is wrong, to freeze it.
    package var account: Int64?

    package init(_ kind: Kind, _ place: String, _ detail: String, account: Int64? = nil) {
        self.kind = kind
        self.place = place
        self.detail = detail
        self.account = account
    }
}

extension VerifyProblem: CustomStringConvertible {
    package var description: String { "\(kind.rawValue) at \(place): \(detail)" }
}
