import Core
import Storage

extension Ledger {
    private static let proposedLines = 500
    private static let proposedCandidates = 5_000

    /// Matches that look right, the surest first and each line in one at most; nothing is written. Looks at the oldest 500 lines
    /// of the statement that are in no match.
    ///
    /// In this order: the same amount where one names the other (number, document, key or memo of the entry in the line's
    /// reference or details, or the other way round); the same amount, the nearest day first; one line for all that is left of one day.
    /// - Parameter days: how far a line's day may be from the entry's, 0...60.
    package func proposeMatches(of sourceID: Int64, days: Int = 5) throws -> [MatchProposal] {
        guard (0...60).contains(days) else { throw LedgerError.invalid(field: "days", "Days are from 0 to 60.") }
        let source = try reconciliationSource(sourceID)
        let lines = try importedLines(of: sourceID, isMatched: false, limit: Self.proposedLines)
        guard let first = lines.first?.bookedOn, let last = lines.last?.bookedOn else { return [] }
        let entries = try unmatchedEntryLines(
            of: source, from: first.adding(days: -days), through: last.adding(days: days), isFree: true, limit: Self.proposedCandidates)
        var search = ProposalSearch(lines: lines, entries: entries, days: days)
        return search.run()
    }
}

/// The search for matches: free of any database.
struct ProposalSearch {
    private let lines: [ImportedLine]
    private let entries: [UnmatchedEntryLine]
    private let days: Int
    private let byAmount: [Int64: [Int]]
    private var isTaken: [Bool]
    private var proposals: [Int: MatchProposal] = [:]

    init(lines: [ImportedLine], entries: [UnmatchedEntryLine], days: Int) {
        self.lines = lines
        self.entries = entries
        self.days = days
        byAmount = Dictionary(grouping: entries.indices) { entries[$0].amount.minor }
        isTaken = Array(repeating: false, count: entries.count)
    }

    mutating func run() -> [MatchProposal] {
        pair(.reference) { Self.names($0, $1) }
        pair(.amount) { _, _ in true }
        takeDays()
        return lines.indices.compactMap { proposals[$0] }
    }

    private mutating func pair(_ kind: MatchKind, where fits: (ImportedLine, UnmatchedEntryLine) -> Bool) {
        for (index, line) in lines.enumerated() where proposals[index] == nil {
            let best = (byAmount[line.amount.minor] ?? []).filter { candidate in
                !isTaken[candidate] && apart(line, entries[candidate].effectiveOn) <= days && fits(line, entries[candidate])
            }.min { (apart(line, entries[$0].effectiveOn), $0) < (apart(line, entries[$1].effectiveOn), $1) }
            if let best { propose(kind, index, [best]) }
        }
    }

    /// What the till took on a day is one line when it is brought to the bank.
    private mutating func takeDays() {
        var free = Dictionary(grouping: entries.indices.filter { !isTaken[$0] }) { entries[$0].effectiveOn }
        let sums = free.mapValues { group in group.reduce(Int128(0)) { $0 + Int128(entries[$1].amount.minor) } }
        for (index, line) in lines.enumerated() where proposals[index] == nil {
            let fitting = free.filter { day, group in
                apart(line, day) <= days && group.count > 1 && sums[day] == Int128(line.amount.minor)
            }
            let best = fitting.min { (apart(line, $0.key), $0.key) < (apart(line, $1.key), $1.key) }
            guard let best, best.value.count < Ledger.maximumMatchLines else { continue }
            propose(.day, index, best.value)
            free[best.key] = nil
        }
    }

    private mutating func propose(_ kind: MatchKind, _ line: Int, _ group: [Int]) {
        for entry in group { isTaken[entry] = true }
        proposals[line] = MatchProposal(
            kind: kind, statementLine: lines[line].id, entryLines: group.map { entries[$0].reference }.sorted(), amount: lines[line].amount,
            daysApart: group.map { apart(lines[line], entries[$0].effectiveOn) }.max() ?? 0)
    }

    private func apart(_ line: ImportedLine, _ day: CalendarDate) -> Int { abs(line.bookedOn.days(until: day)) }

    /// Whether the texts of one hold a name of the other. Names of fewer than four letters and digits say nothing.
    private static func names(_ line: ImportedLine, _ entry: UnmatchedEntryLine) -> Bool {
        let said = plain(line.reference + " " + line.details)
        let known = [PostedEntry.numberText(entry.reference.entry), entry.idempotencyKey, entry.source.map { "\($0.type) \($0.id)" }]
        if known.contains(where: { name in name.map { holds(said, plain($0)) } ?? false }) { return true }
        guard let memo = entry.memo.map(plain) else { return false }
        return holds(memo, plain(line.reference)) || holds(said, memo)
    }

    private static func holds(_ text: String, _ name: String) -> Bool { name.utf8.count >= 4 && text.contains(name) }

    /// Letters and digits only, small.
    private static func plain(_ text: String) -> String { String(text.lowercased().filter { $0.isLetter || $0.isNumber }) }
}
