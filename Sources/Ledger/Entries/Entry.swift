import Core

/// The document that an entry stands for, such as ("pos_sales", 17).
package struct EntrySource: Hashable, Sendable {
    package let type: String
    package let id: Int64

    package init(type: String, id: Int64) {
        self.type = type
        self.id = id
    }
}

package struct NewLine: Sendable {
    /// 10^15 minor units.
    package static let maximumAmount: Int64 = 1_000_000_000_000_000

    package var account: AccountReference
    package var side: Side
    /// Minor units of the account's currency, 1...`maximumAmount`.
    package var amount: Int64
    /// If given, it must be the account's.
    package var currency: Currency?
    package var branch: Int64?
    /// Further dimensions, such as a product group: texts, integers and booleans, never a person's data.
    package var dimensions: Object?

    package init(
        _ account: AccountReference, _ side: Side, _ amount: Int64, currency: Currency? = nil, branch: Int64? = nil,
        dimensions: Object? = nil
    ) {
        self.account = account
        self.side = side
        self.amount = amount
        self.currency = currency
        self.branch = branch
        self.dimensions = dimensions
    }

    package static func debit(_ account: AccountReference, _ amount: Int64) -> NewLine { NewLine(account, .debit, amount) }
    package static func credit(_ account: AccountReference, _ amount: Int64) -> NewLine { NewLine(account, .credit, amount) }
}

package struct NewEntry: Sendable {
    package static let maximumLines = 4095

    /// What sort of entry it is, such as "sale" or "closing": 1 to 64 of a–z, 0–9, `.`, `_`, `-`, `:`.
    package var kind: String
    /// The tenant's local date.
    package var effectiveOn: CalendarDate
    /// For people; may name a person, since it can be erased.
    package var memo: String?
    package var source: EntrySource?
    package var actor: LedgerActor
    package var rulesVersion: String?
    package var lines: [NewLine]
    /// The entry that this one corrects in part.
    package var corrects: Int64?
    /// Kept as long as the entry: the same key gives the same entry back, or a conflict.
    package var idempotencyKey: String?
    package var conditions: [BalanceCondition] = []
    /// Refuses a second entry of the same kind and source, unless the first was reversed.
    package var isOncePerSource = false

    package init(
        kind: String, effectiveOn: CalendarDate, actor: LedgerActor, lines: [NewLine], memo: String? = nil,
        source: EntrySource? = nil, rulesVersion: String? = nil, corrects: Int64? = nil, idempotencyKey: String? = nil,
        conditions: [BalanceCondition] = [], isOncePerSource: Bool = false
    ) {
        self.kind = kind
        self.effectiveOn = effectiveOn
        self.memo = memo
        self.source = source
        self.actor = actor
        self.rulesVersion = rulesVersion
        self.lines = lines
        self.corrects = corrects
        self.idempotencyKey = idempotencyKey
        self.conditions = conditions
        self.isOncePerSource = isOncePerSource
    }
}

/// What must hold for an entry to be posted, for a client that decided on what it saw.
package struct BalanceCondition: Sendable, Equatable {
    package enum Measure: String, Sendable { case posted, pending, available }

    package var account: AccountReference
    package var measure: Measure
    /// Bounds in minor units, of the balance as it would be after the entry.
    package var atLeast: Int64?
    package var atMost: Int64?
    /// The version of the balance before the entry.
    package var version: Int64?

    package init(
        _ account: AccountReference, _ measure: Measure = .available, atLeast: Int64? = nil, atMost: Int64? = nil,
        version: Int64? = nil
    ) {
        self.account = account
        self.measure = measure
        self.atLeast = atLeast
        self.atMost = atMost
        self.version = version
    }
}

/// What a caller gets for an entry that was posted.
package struct PostedEntry: Sendable, Equatable {
    package let id: Int64
    /// SHA-256 of the entry and of all that came before it.
    package let digest: [UInt8]
    package let recordedAt: Instant
    /// The entry was there already, under the same key.
    package var wasReplayed = false

    /// 1, 2, 3 …: the same as the id.
    package var number: Int64 { id }
    /// "JE-000001".
    package var numberText: String { Self.numberText(id) }

    static func numberText(_ number: Int64) -> String {
        let digits = String(number)
        return "JE-" + String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }
}

/// An entry as it is stored.
package struct Entry: Sendable, Equatable {
    package let id: Int64
    package let kind: String
    package let effectiveOn: CalendarDate
    package let recordedAt: Instant
    /// Nil if there was none, or if it was erased.
    package let memo: String?
    package let source: EntrySource?
    package let actor: LedgerActor
    package let rulesVersion: String?
    package let reverses: Int64?
    package let corrects: Int64?
    /// The hold that it captures.
    package let hold: Int64?
    /// The exception under which it went into a closed month.
    package let exception: Int64?
    package let idempotencyKey: String?
    package let digest: [UInt8]
    package let lines: [Line]

    package var numberText: String { PostedEntry.numberText(id) }
}

package struct Line: Sendable, Equatable {
    /// From 1.
    package let number: Int
    package let accountID: Int64
    package let accountCode: String
    package let side: Side
    package let amount: Money
    package let branch: Int64?
    package let dimensions: Object?
}
