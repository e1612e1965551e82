import Core

/// How far a month is done. Open may close, closed may open again or be locked, locked is for ever.
package enum PeriodState: String, Sendable, CaseIterable {
    case open, closed, locked
}

package struct Period: Sendable, Equatable {
    package let month: CalendarMonth
    package let state: PeriodState
    package let changedAt: Instant
    package let actorID: Int64
    package let reason: String?
}

/// Leave for one actor to post into a closed month for a while.
package struct PeriodException: Sendable, Equatable {
    package let id: Int64
    package let month: CalendarMonth
    package let actorID: Int64
    /// From the one up to, but not including, the other.
    package let from: Instant
    package let until: Instant
    package let reason: String
}

/// The months of a book: without a gap from the first to the last.
struct PeriodTable {
    private(set) var states: [CalendarMonth: PeriodState] = [:]
    private(set) var first: CalendarMonth?
    private(set) var last: CalendarMonth?
    /// The one that most entries are in.
    private var recent: CalendarMonth?

    mutating func set(_ month: CalendarMonth, _ state: PeriodState) {
        states[month] = state
        first = min(first ?? month, month)
        last = max(last ?? month, month)
    }

    mutating func isKnownOpen(_ month: CalendarMonth) -> Bool {
        if recent == month { return true }
        guard states[month] == .open else { return false }
        recent = month
        return true
    }
}
