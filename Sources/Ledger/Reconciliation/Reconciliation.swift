import Core

/// Where the statements of one account come from: the account as the bank or operator keeps it.
package struct ReconciliationSource: Sendable, Equatable {
    package let id: Int64
    package let name: String
    package let account: Account
    /// The first day that is reconciled; what was posted before is in the opening balance.
    package let from: CalendarDate
    /// As the statement states it at the beginning of that day, positive on the account's normal side.
    package let opening: Money
}

/// A line of a statement as it is handed in.
package struct NewStatementLine: Sendable, Equatable {
    package var bookedOn: CalendarDate
    /// Minor units, positive on the account's normal side; not zero.
    package var amount: Int64
    /// What the bank calls it, unique in the source; nil for one that is made from the other fields.
    package var externalID: String?
    package var reference: String
    package var details: String
    /// After the line, if the statement says it.
    package var balance: Int64?
    /// The line of the file, from 1.
    package var place: Int

    package init(
        bookedOn: CalendarDate, amount: Int64, externalID: String? = nil, reference: String = "", details: String = "",
        balance: Int64? = nil, place: Int = 0
    ) {
        self.bookedOn = bookedOn
        self.amount = amount
        self.externalID = externalID
        self.reference = reference
        self.details = details
        self.balance = balance
        self.place = place
    }

    package static let maximumCount = 2_000
}

/// What became of a statement.
package struct StatementImport: Sendable, Equatable {
    /// Nil where every line was there already.
    package let id: Int64?
    package let added: Int
    package let known: Int
    /// After the last line of the source.
    package let balance: Money
    package let through: CalendarDate?
}

/// A line of a statement, as it is kept for ever.
package struct ImportedLine: Sendable, Equatable {
    package let id: Int64
    package let externalID: String
    package let bookedOn: CalendarDate
    package let amount: Money
    package let balance: Money?
    package let reference: String
    package let details: String
    /// The match that it is in.
    package let match: Int64?
}

/// One line of an entry on the account.
package struct EntryLineReference: Sendable, Hashable {
    package let entry: Int64
    package let line: Int

    package init(entry: Int64, line: Int) {
        self.entry = entry
        self.line = line
    }
}

/// A line of the books that is in no match.
package struct UnmatchedEntryLine: Sendable, Equatable {
    package let reference: EntryLineReference
    package let effectiveOn: CalendarDate
    package let kind: String
    package let source: EntrySource?
    package let memo: String?
    package let idempotencyKey: String?
    /// Positive on the account's normal side.
    package let amount: Money
}

/// What makes lines of a statement and lines of entries belong together.
package enum MatchKind: String, Sendable, CaseIterable {
    /// The same amount, and one names the other.
    case reference
    /// The same amount, within the days.
    case amount
    /// The statement has all of one day in one line.
    case day
    /// Somebody said so.
    case manual
}

/// Lines of a statement and lines of entries that are the same money: their sums are equal.
package struct Match: Sendable, Equatable {
    package let id: Int64
    package let kind: MatchKind
    package let statementLines: [Int64]
    package let entryLines: [EntryLineReference]
    /// The last of the lines' days.
    package let through: CalendarDate
    /// Not taken back.
    package let isActive: Bool
}

/// A match that nobody has confirmed.
package struct MatchProposal: Sendable, Equatable {
    package let kind: MatchKind
    package let statementLine: Int64
    package let entryLines: [EntryLineReference]
    package let amount: Money
    /// Between the line's day and the entries'.
    package let daysApart: Int
}

/// How books and statement stand to each other at the end of a day.
package struct ReconciliationBalance: Sendable, Equatable {
    package let source: ReconciliationSource
    package let asOf: CalendarDate
    package let statement: Money
    package let book: Money
    /// On the statement, and not in the books by that day.
    package let unmatchedStatement: Money
    package let unmatchedStatementCount: Int
    /// In the books, and not on the statement by that day.
    package let unmatchedBook: Money
    package let unmatchedBookCount: Int
    /// What the books stood at before the first day, less the opening balance of the statement.
    package let openingDifference: Money

    /// What nothing explains: book less statement, less what is unmatched on either side. Only the opening can make one.
    package var difference: Int64 { book.minor &- unmatchedBook.minor &- (statement.minor &- unmatchedStatement.minor) }
    /// Every line of the statement is in the books, and what the books have besides is listed.
    package var isReconciled: Bool { unmatchedStatementCount == 0 && difference == 0 && openingDifference.minor == 0 }
}

/// A day up to which books and statement were found to agree: for ever.
package struct Reconciliation: Sendable, Equatable {
    package let id: Int64
    package let source: Int64
    package let asOf: CalendarDate
    package let statementBalance: Money
    package let bookBalance: Money
    /// In the books by that day, and on no statement then.
    package let unmatchedBook: Money
    /// The last entry that was in it.
    package let knownEntry: Int64
    package let closedAt: Instant
    package let actorID: Int64
}
