import Core

/// Why the ledger refused. A refusal changed nothing.
///
/// Failures of the disk and the like are `StorageError`s and pass through unchanged.
package enum LedgerError: Error, Sendable, Equatable {
    // Shape
    /// A field that is empty, too long or of the wrong form.
    case invalid(field: String, String)
    case tooFewLines(Int)
    case tooManyLines(Int)
    /// - Parameter line: 0-based, as in all cases here.
    case amountNotPositive(line: Int, amount: Int64)
    case amountTooLarge(line: Int, amount: Int64)
    case unbalanced(debits: Money, credits: Money)
    case currencyMismatch(line: Int, account: String, has: Currency, given: Currency)

    // Idempotency
    /// The key belongs to another entry.
    case idempotencyConflict(key: String, entry: Int64)

    // Calendar
    /// No period is defined for the date, or it is more than a year ahead.
    case periodMissing(CalendarDate)
    case periodClosed(CalendarMonth, on: CalendarDate)
    case periodLocked(CalendarMonth, on: CalendarDate)
    case effectiveBeforeOriginal(CalendarDate, entry: Int64, original: CalendarDate)

    // References
    case accountUnknown(String, line: Int?)
    case accountExists(String)
    case accountNotOpen(String, on: CalendarDate, opened: CalendarDate)
    /// Posted through its sub-accounts only.
    case controlAccount(String, line: Int)
    case entryUnknown(Int64)
    case alreadyReversed(entry: Int64, by: Int64)
    case sourceAlreadyPosted(EntrySource, entry: Int64)
    /// More would be taken back than is left of what the entry brought.
    case correctionExceeds(entry: Int64, account: String, remaining: Money, asked: Money)
    case holdUnknown(Int64)
    case holdResolved(Int64, state: String)
    case captureExceedsHold(Int64, line: Int, remaining: Int64, asked: Int64)

    // State
    case accountClosed(String)
    case accountFrozen(String, Side)
    /// A sum would leave 64 bits.
    case amountOverflow(account: String)
    case conditionFailed(String)
    case limitExceeded(account: String, available: Money, needed: Money)

    // Changes to accounts
    /// Balance or holds are not zero, or sub-accounts are open.
    case accountNotEmpty(String, what: String)

    // Changes to periods
    case periodState(CalendarMonth, is: PeriodState, wanted: PeriodState)
    case periodOrder(CalendarMonth, earlier: CalendarMonth)
    /// A year ends when the months before its last are closed.
    case periodOpen(CalendarMonth, earlier: CalendarMonth)
    /// Live holds stand in the way of a lock, or of the end of a year.
    case periodHasHolds(CalendarMonth, count: Int)

    // Series
    case seriesUnknown(String)
    case seriesExists(String)
    case seriesNotForward(String, next: Int64, asked: Int64)
    /// The number that came from elsewhere is not the next one.
    case sequenceBlocked(String, next: Int64, given: Int64)
    case seriesDated(String, last: CalendarDate, given: CalendarDate)

    case reconciliation(ReconciliationRefusal)

    /// A row contradicts the others: the book needs `verify`.
    case damaged(String)
}

extension LedgerError {
    /// Plugins and clients branch on it: never renamed, never reused.
    package var code: String {
        switch self {
        case .invalid: "ledger.invalid"
        case .tooFewLines: "ledger.too_few_lines"
        case .tooManyLines: "ledger.too_many_lines"
        case .amountNotPositive: "ledger.amount_not_positive"
        case .amountTooLarge: "ledger.amount_too_large"
        case .unbalanced: "ledger.unbalanced"
        case .currencyMismatch: "ledger.currency_mismatch"
        case .idempotencyConflict: "ledger.idempotency_conflict"
        case .periodMissing: "ledger.period_missing"
        case .periodClosed: "ledger.period_closed"
        case .periodLocked: "ledger.period_locked"
        case .effectiveBeforeOriginal: "ledger.effective_before_original"
        case .accountUnknown: "ledger.account_unknown"
        case .accountExists: "ledger.account_exists"
        case .accountNotOpen: "ledger.account_not_open_on_date"
        case .controlAccount: "ledger.control_account"
        case .entryUnknown: "ledger.entry_unknown"
        case .alreadyReversed: "ledger.already_reversed"
        case .sourceAlreadyPosted: "ledger.source_already_posted"
        case .correctionExceeds: "ledger.correction_exceeds"
        case .holdUnknown: "ledger.hold_unknown"
        case .holdResolved: "ledger.hold_resolved"
        case .captureExceedsHold: "ledger.capture_exceeds_hold"
        case .accountClosed: "ledger.account_closed"
        case .accountFrozen: "ledger.account_frozen"
        case .amountOverflow: "ledger.amount_overflow"
        case .conditionFailed: "ledger.condition_failed"
        case .limitExceeded: "ledger.limit_exceeded"
        case .accountNotEmpty: "ledger.account_not_empty"
        case .periodState: "ledger.period_state"
        case .periodOrder: "ledger.period_order"
        case .periodOpen: "ledger.period_open"
        case .periodHasHolds: "ledger.period_has_holds"
        case .seriesUnknown: "ledger.series_unknown"
        case .seriesExists: "ledger.series_exists"
        case .seriesNotForward: "ledger.series_not_forward"
        case .sequenceBlocked: "ledger.sequence_blocked"
        case .seriesDated: "ledger.series_dated"
        case .reconciliation(let refusal): refusal.code
        case .damaged: "ledger.damaged"
        }
    }

    package var status: Int {
        switch self {
        case .periodClosed, .periodLocked, .accountFrozen: 423
        case .idempotencyConflict, .accountExists, .alreadyReversed, .sourceAlreadyPosted, .holdResolved,
            .conditionFailed, .accountNotEmpty, .periodState, .periodOrder, .periodOpen, .periodHasHolds,
            .seriesExists, .seriesNotForward, .sequenceBlocked:
            409
        case .entryUnknown, .holdUnknown: 404
        case .reconciliation(let refusal): refusal.status
        case .damaged: 500
        default: 422
        }
    }
}
