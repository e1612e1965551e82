import Core

/// A promise of an entry: its lines count in the pending totals until they are captured, voided or expire.
package struct Hold: Sendable, Equatable {
    package let id: Int64
    package let kind: String
    package let state: HoldState
    package let effectiveOn: CalendarDate
    package let expiresAt: Instant?
    package let source: EntrySource?
    package let lines: [HoldLine]
}

package enum HoldState: String, Sendable, CaseIterable {
    case held
    case partlyCaptured = "partly_captured"
    case captured, voided, expired

    package var isLive: Bool { self == .held || self == .partlyCaptured }
}

package struct HoldLine: Sendable, Equatable {
    /// From 1.
    package let number: Int
    package let accountID: Int64
    package let accountCode: String
    package let side: Side
    package let amount: Money
    package internal(set) var captured: Int64
    package internal(set) var released: Int64
    package let branch: Int64?
    /// As canonical JSON.
    let dimensions: String?

    /// Still held.
    package var remaining: Int64 { amount.minor - captured - released }
}

package struct NewHold: Sendable {
    /// As of an entry.
    package var kind: String
    package var effectiveOn: CalendarDate
    /// When it may be expired; nil for never.
    package var expiresAt: Instant?
    package var source: EntrySource?
    package var actor: LedgerActor
    package var lines: [NewLine]
    package var conditions: [BalanceCondition]

    package init(
        kind: String, effectiveOn: CalendarDate, expiresAt: Instant? = nil, source: EntrySource? = nil,
        actor: LedgerActor, lines: [NewLine], conditions: [BalanceCondition] = []
    ) {
        self.kind = kind
        self.effectiveOn = effectiveOn
        self.expiresAt = expiresAt
        self.source = source
        self.actor = actor
        self.lines = lines
        self.conditions = conditions
    }
}

/// How much of which line of a hold to capture.
package struct CaptureLine: Sendable, Equatable {
    /// The number of the hold's line, from 1.
    package var line: Int
    package var amount: Int64

    package init(line: Int, amount: Int64) {
        self.line = line
        self.amount = amount
    }
}

/// A capture: all that is left of a hold, or the given part of it.
package struct Capture: Sendable {
    package var hold: Int64
    /// Nil for all that is left.
    package var lines: [CaptureLine]?
    /// Lets go of what is not captured; otherwise it stays held.
    package var isFinal: Bool
    package var kind: String
    package var effectiveOn: CalendarDate
    package var memo: String?
    package var source: EntrySource?
    package var rulesVersion: String?
    package var actor: LedgerActor
    package var idempotencyKey: String?

    /// - Parameter source: nil for that of the hold.
    package init(
        hold: Int64, lines: [CaptureLine]? = nil, isFinal: Bool = false, kind: String, effectiveOn: CalendarDate,
        actor: LedgerActor, memo: String? = nil, source: EntrySource? = nil, rulesVersion: String? = nil,
        idempotencyKey: String? = nil
    ) {
        self.hold = hold
        self.lines = lines
        self.isFinal = isFinal
        self.kind = kind
        self.effectiveOn = effectiveOn
        self.memo = memo
        self.source = source
        self.rulesVersion = rulesVersion
        self.actor = actor
        self.idempotencyKey = idempotencyKey
    }
}
