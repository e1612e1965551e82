import Core

extension LedgerError: ProblemConvertible {
    package var problem: Problem { Problem(status, code, detail, field: field, extra: extra) }

    private var field: String? {
        switch self {
        case .invalid(let field, _): field
        case .tooFewLines, .tooManyLines, .unbalanced: "lines"
        case .amountNotPositive(let line, _), .amountTooLarge(let line, _): "lines[\(line)].amount"
        case .currencyMismatch(let line, _, _, _): "lines[\(line)].currency"
        case .accountUnknown(_, let line): line.map { "lines[\($0)].account" }
        case .controlAccount(_, let line): "lines[\(line)].account"
        case .captureExceedsHold(_, let line, _, _): "lines[\(line)].amount"
        case .periodMissing, .periodClosed, .periodLocked, .effectiveBeforeOriginal, .accountNotOpen: "effective_on"
        default: nil
        }
    }

    /// Numbers and names that a program may need, beside the sentence.
    private var extra: [(String, Value)] {
        switch self {
        case .unbalanced(let debits, let credits):
            [("debits", .int(debits.minor)), ("credits", .int(credits.minor)), ("currency", .string(debits.currency.code))]
        case .limitExceeded(let account, let available, let needed):
            [
                ("account", .string(account)), ("available", .int(available.minor)), ("needed", .int(needed.minor)),
                ("currency", .string(needed.currency.code)),
            ]
        case .accountUnknown(let account, _), .accountClosed(let account), .accountFrozen(let account, _),
            .controlAccount(let account, _), .amountOverflow(let account), .accountNotOpen(let account, _, _):
            [("account", .string(account))]
        case .idempotencyConflict(_, let entry), .sourceAlreadyPosted(_, let entry): [("entry", .int(entry))]
        case .alreadyReversed(let entry, let by): [("entry", .int(entry)), ("reversed_by", .int(by))]
        case .correctionExceeds(let entry, let account, let remaining, _):
            [("entry", .int(entry)), ("account", .string(account)), ("remaining", .int(remaining.minor))]
        case .holdResolved(let hold, let state): [("hold", .int(hold)), ("state", .string(state))]
        case .periodClosed(let month, _), .periodLocked(let month, _), .periodState(let month, _, _),
            .periodOrder(let month, _), .periodOpen(let month, _), .periodHasHolds(let month, _):
            [("period", .string(month.description))]
        case .seriesNotForward(_, let next, _), .sequenceBlocked(_, let next, _): [("next", .int(next))]
        case .reconciliation(let refusal): refusal.extra
        default: []
        }
    }

    package var detail: String {
        switch self {
        case .invalid(_, let why): why
        case .tooFewLines(let count): "An entry has at least two lines; this one has \(count)."
        case .tooManyLines(let count): "An entry has at most \(NewEntry.maximumLines) lines; this one has \(count)."
        case .amountNotPositive(let line, let amount):
            "Line \(line + 1) has the amount \(amount); amounts are greater than zero, and the side says which way."
        case .amountTooLarge(let line, let amount):
            "Line \(line + 1) has the amount \(amount); the largest is \(NewLine.maximumAmount) minor units."
        case .unbalanced(let debits, let credits):
            "Debits are \(debits) and credits are \(credits); they must be the same."
        case .currencyMismatch(let line, let account, let has, let given):
            "Line \(line + 1) is in \(given), and account \(account) is in \(has)."
        case .idempotencyConflict(let key, let entry):
            "The key \(key.prefix(80)) was used for entry \(Self.number(entry)), which differs from this one."
        case .periodMissing(let date):
            "There is no period for \(date); periods are defined from the first month of the books to a year ahead."
        case .periodClosed(let month, let date):
            "The period \(month) is closed, so nothing can be posted on \(date); post in an open period or reopen it."
        case .periodLocked(let month, let date):
            "The period \(month) is locked for good, so nothing can be posted on \(date); post in an open period."
        case .effectiveBeforeOriginal(let date, let entry, let original):
            "Entry \(Self.number(entry)) is of \(original); it cannot be reversed as of \(date), which is earlier."
        case .accountUnknown(let account, _): "There is no account \(account)."
        case .accountExists(let account): "There is an account \(account) already."
        case .accountNotOpen(let account, let date, let opened):
            "Account \(account) was opened on \(opened), so nothing can be posted to it on \(date)."
        case .controlAccount(let account, _):
            "Account \(account) is a control account; post to one of its sub-accounts."
        case .entryUnknown(let entry): "There is no entry \(entry)."
        case .alreadyReversed(let entry, let by):
            "Entry \(Self.number(entry)) was reversed already, by \(Self.number(by))."
        case .sourceAlreadyPosted(let source, let entry):
            "\(source.type) \(source.id) was posted already, as \(Self.number(entry))."
        case .correctionExceeds(let entry, let account, let remaining, let asked):
            "Of \(Self.number(entry)) \(remaining) is left on account \(account); \(asked) cannot be taken back."
        case .holdUnknown(let hold): "There is no hold \(hold)."
        case .holdResolved(let hold, let state): "Hold \(hold) is \(state) already."
        case .captureExceedsHold(let hold, let line, let remaining, let asked):
            "Line \(line + 1) of hold \(hold) has \(remaining) left; \(asked) cannot be captured from it."
        case .accountClosed(let account): "Account \(account) is closed."
        case .accountFrozen(let account, let side): "Account \(account) is frozen for \(side.rawValue)s."
        case .amountOverflow(let account): "The total of account \(account) would become too large."
        case .conditionFailed(let what): what
        case .limitExceeded(let account, let available, let needed):
            "Account \(account) has \(available) available; \(needed) is needed."
        case .accountNotEmpty(let account, let what): "Account \(account) cannot be closed: \(what)."
        case .periodState(let month, let state, let wanted):
            "The period \(month) is \(state.rawValue); it cannot become \(wanted.rawValue)."
        case .periodOrder(let month, let earlier):
            "The period \(month) cannot be locked before \(earlier) is."
        case .periodOpen(let month, let earlier):
            "The year cannot end with \(month) while \(earlier) is open; close it first."
        case .periodHasHolds(let month, let count):
            "There are \(count) live holds in the period \(month); capture or void them first."
        case .seriesUnknown(let name): "There is no number series \(name)."
        case .seriesExists(let name): "There is a number series \(name) already."
        case .seriesNotForward(let name, let next, let asked):
            "The next number of \(name) is \(next); it can be moved forward only, not to \(asked)."
        case .sequenceBlocked(let name, let next, let given):
            "The next number of \(name) is \(next), but \(given) arrived; send the documents between them first."
        case .seriesDated(let name, let last, let given):
            "The last number of \(name) is of \(last); a document of \(given) cannot come after it."
        case .reconciliation(let refusal): refusal.detail
        case .damaged(let what): "The books are damaged: \(what)."
        }
    }

    static func number(_ entry: Int64) -> String { PostedEntry.numberText(entry) }
}

extension LedgerError: CustomStringConvertible {
    package var description: String { "\(code): \(detail)" }
}
