import Core
import Storage

/// The books made again from entries and events alone, through the same rules that posting keeps.
///
/// Everything that a table holds besides entries and events can be compared with it.
final class Replay {
    struct PeriodFold {
        var state: PeriodState
        var changedAt: String
        var actor: Int64
        var reason: String?
    }

    struct HoldFold {
        var kind: String
        var state = HoldState.held
        var effectiveOn: String
        var expiresAt: String?
        var sourceType: String?
        var sourceID: Int64?
        var lines: [LineRecord]
        var captured: [Int64]
        var released: [Int64]
    }

    struct SegmentFold {
        var series: Int64
        var branch: Int64
        var period: String
        var format: String
        var first: Int64
        var next: Int64
        var lastOn: String?
        var isOpen = true
    }

    struct DayKey: Hashable {
        let day: String
        let account: Int64
    }

    let db: Connection
    /// Entries up to this one are in ledger_days.
    let folded: Int64
    var report: VerifyReport

    var slots: [Int64: AccountSlot] = [:]
    /// Nil for a name that was erased.
    var nameDigests: [Int64: String?] = [:]
    var periods: [CalendarMonth: PeriodFold] = [:]
    var exceptions: [Int64: [Value]] = [:]
    var exceptionRules: [Int64: (month: CalendarMonth, actor: Int64, from: String, until: String)] = [:]
    var holds: [Int64: HoldFold] = [:]
    var series: [Int64: [Value]] = [:]
    var segments: [Int64: SegmentFold] = [:]
    /// The last segment of each run of numbers.
    var latestSegments: [SegmentKey: Int64] = [:]
    var erasedMemos: Set<Int64> = []
    /// Entries that are bound to a memo which is not there.
    var missingMemos: Set<Int64> = []
    var days: [DayKey: Movement] = [:]
    var months: [CalendarMonth: [Int64: Movement]] = [:]
    /// All movements up to the end of the last locked month.
    var locked: [Int64: Movement] = [:]
    var lockedRows: [(month: CalendarMonth, rows: [(account: Int64, sums: Movement)])] = []
    var reversals: [Int64: Int64] = [:]
    var reconciliation = ReconciliationFold()
    /// An entry that captures a hold, until the event behind it says how much of which line.
    var capture: (entry: EntryRecord, lines: [LineRecord])?
    /// The entry whose reversal may break a limit.
    var waived: Int64?
    private var recentDate: (text: String, date: CalendarDate)?

    init(_ db: Connection, folded: Int64) {
        self.db = db
        self.folded = folded
        report = VerifyReport()
    }

    func problem(_ kind: VerifyProblem.Kind, _ place: String, _ detail: String, account: Int64? = nil) {
        report.add(VerifyProblem(kind, place, detail, account: account))
    }

    // MARK: Entries

    func apply(_ stored: EntryRows.Stored, _ lines: [LineRecord]) throws {
        let entry = stored.record
        let place = "entry \(entry.id)"
        report.entries += 1
        endCapture(before: place)
        checkMemo(stored, place)
        guard let date = date(entry.effectiveOn) else {
            return problem(.entry, place, "\(entry.effectiveOn) is not a date.")
        }
        checkPeriod(entry, date, place)
        try checkReferences(entry, lines, date, place)
        fold(entry, lines, date)

        var draft = Draft(record: entry, effectiveOn: date, memo: nil)
        draft.lines = lines
        draft.slots = lines.map { slots[$0.account] }
        if lines.count < 2 { problem(.entry, place, "It has \(lines.count) lines.") }
        do { try draft.checkBalance() } catch { problem(.unbalanced, place, error.detail) }
        let known = draft.slots.compactMap(\.self)
        guard known.count == lines.count else {
            return problem(.entry, place, "It names an account that was never opened.")
        }
        for slot in known {
            if slot.account.isControl { problem(.rule, place, "Control account \(slot.account.code) has a line.") }
            if let opened = slot.account.openedOn, date < opened {
                problem(.rule, place, "Account \(slot.account.code) was opened on \(opened).")
            }
        }
        if entry.hold != nil {
            capture = (entry, lines)  // decided with the event, which knows what is released
        } else {
            let isWaived = waived != nil && waived == entry.reverses
            decide(Decision.effects(of: lines, known), ignoresLimits: isWaived, place, entry: entry.id)
        }
        waived = nil
    }

    /// Runs the rules, notes what they refuse, and moves the balances all the same.
    func decide(_ effects: [Effect], ignoresLimits: Bool = false, _ place: String, entry: Int64?) {
        var effects = effects
        do { try Decision.decide(&effects, ignoresLimits: ignoresLimits) } catch {
            problem(.rule, place, error.detail)
            for index in effects.indices { effects[index].addUnchecked() }
        }
        for effect in effects {
            effect.slot.balance = effect.after
            if let entry { effect.slot.balance.lastEntry = entry }
        }
    }

    private func fold(_ entry: EntryRecord, _ lines: [LineRecord], _ date: CalendarDate) {
        let month = date.calendarMonth
        for line in lines {
            months[month, default: [:]][line.account, default: Movement()].add(line)
            if entry.id <= folded { days[DayKey(day: entry.effectiveOn, account: line.account), default: Movement()].add(line) }
        }
    }

    private func checkMemo(_ stored: EntryRows.Stored, _ place: String) {
        switch (stored.record.memoDigest, stored.memo) {
        case (nil, nil): break
        case (nil, _?): problem(.text, place, "It has a memo that the chain does not know.")
        case (_?, nil): missingMemos.insert(stored.record.id)
        case (let digest?, let memo?):
            if Leaf.privateText(memo, salt: stored.memoSalt) != digest {
                problem(.text, place, "Its memo is not the one that was posted.")
            }
        }
    }

    private func checkReferences(_ entry: EntryRecord, _ lines: [LineRecord], _ date: CalendarDate, _ place: String) throws {
        if let corrected = entry.corrects, corrected >= entry.id || corrected < 1 {
            problem(.entry, place, "It corrects entry \(corrected), which is not before it.")
        }
        do {
            try Ledger.checkCorrection(entry, lines, before: entry.id, accounts: { self.slots[$0]?.account }, db)
        } catch let error as LedgerError { problem(.rule, place, error.detail) }
        guard let reversed = entry.reverses else { return }
        guard reversed < entry.id, let original = try EntryRows.find(id: reversed, db)?.record else {
            return problem(.entry, place, "It reverses entry \(reversed), which is not before it.")
        }
        if let other = reversals[reversed] { problem(.entry, place, "Entry \(reversed) was reversed by \(other) already.") }
        reversals[reversed] = entry.id
        if let day = self.date(original.effectiveOn), date < day {
            problem(.entry, place, "It is of an earlier day than entry \(reversed), which it reverses.")
        }
        let mirrored = try EntryRows.lines(of: reversed, db).map { line in
            LineRecord(
                account: line.account, debit: line.credit, credit: line.debit, branch: line.branch,
                dimensions: line.dimensions)
        }
        if mirrored != lines { problem(.entry, place, "Its lines are not those of entry \(reversed) with their sides swapped.") }
    }

    private func checkPeriod(_ entry: EntryRecord, _ date: CalendarDate, _ place: String) {
        let month = date.calendarMonth
        guard let period = periods[month] else { return problem(.rule, place, "There was no period for \(date).") }
        if period.state == .locked { problem(.rule, place, "The period \(month) was locked.") }
        if period.state == .open {
            if entry.exception != nil { problem(.rule, place, "It names an exception, and the period \(month) was open.") }
            return
        }
        guard let id = entry.exception, let rule = exceptionRules[id], rule.month == month, rule.actor == entry.actorID,
            rule.from <= entry.recordedAt, entry.recordedAt < rule.until
        else { return problem(.rule, place, "The period \(month) was closed, and it names no exception that holds.") }
    }

    func date(_ text: String) -> CalendarDate? {
        if let recentDate, recentDate.text == text { return recentDate.date }
        var copy = text
        guard let date = copy.withUTF8({ CalendarDate(utf8: $0) }) else { return nil }
        recentDate = (text, date)
        return date
    }
}

extension Movement {
    mutating func add(_ line: LineRecord) {
        debits &+= line.debit
        credits &+= line.credit
    }

    mutating func add(_ other: Movement) {
        debits &+= other.debits
        credits &+= other.credits
    }
}

extension Effect {
    /// The sums without any rule, for books that broke one.
    mutating func addUnchecked() {
        after = slot.balance
        after.postedDebits &+= debits
        after.postedCredits &+= credits
        after.pendingDebits &+= pendingDebits
        after.pendingCredits &+= pendingCredits
        after.version &+= 1
    }
}
