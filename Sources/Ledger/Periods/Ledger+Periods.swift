import Core
import Storage

extension Ledger {
    /// How a date stands to the periods.
    enum Standing {
        case open
        case closed(CalendarMonth)
        case locked(CalendarMonth)
        /// These months come into being with the first entry that needs them.
        case undefined(ClosedRange<CalendarMonth>)
    }

    private static let selectPeriods = SQL(
        "SELECT month, state, changed_at, actor_id, reason FROM ledger_periods WHERE month >= ?1 ORDER BY month LIMIT ?2")
    private static let insertPeriod = SQL(
        "INSERT INTO ledger_periods (month, state, changed_at, actor_id) VALUES (?1, 'open', ?2, ?3)")

    // MARK: Reading

    /// In order.
    package func periods(from month: CalendarMonth? = nil, limit: Int = 1200) throws -> [Period] {
        try db.query(Self.selectPeriods, month?.description ?? "", limit) { row in
            guard let state = PeriodState(rawValue: row.text(1)) else {
                throw LedgerError.damaged("period \(row.text(0)) has an unknown state")
            }
            return Period(
                month: try CalendarMonth(row.text(0)), state: state, changedAt: try row.instant(2), actorID: row.int(3),
                reason: row.optionalText(4))
        }
    }

    package func period(_ month: CalendarMonth) throws -> Period? {
        try periods(from: month, limit: 1).first { $0.month == month }
    }

    /// Whether an entry of this date would be taken; exceptions for single actors do not count.
    package func isOpen(_ date: CalendarDate) throws -> Bool {
        switch try standing(of: date, in: periodTable()) {
        case .open, .undefined: true
        case .closed, .locked: false
        }
    }

    func periodTable() throws -> PeriodTable {
        var table = PeriodTable()
        for period in try periods() { table.set(period.month, period.state) }
        return table
    }

    /// Months come by themselves, up to a year ahead of the clock, but not before the first that was defined.
    private func standing(of date: CalendarDate, in table: PeriodTable) throws -> Standing {
        let month = date.calendarMonth
        switch table.states[month] {
        case .open: return .open
        case .closed: return .closed(month)
        case .locked: return .locked(month)
        case nil:
            let horizon = try clock.now().utcDate.calendarMonth.adding(months: 12)
            guard let last = table.last, last < month, month <= horizon else { throw LedgerError.periodMissing(date) }
            return .undefined(try last.next...month)
        }
    }

    func periods(for date: CalendarDate) throws -> Standing {
        if memory.periods == nil { memory.periods = try periodTable() }
        if memory.periods?.isKnownOpen(date.calendarMonth) == true { return .open }
        return try standing(of: date, in: memory.periods ?? periodTable())
    }

    // MARK: Defining

    /// Defines every month from the last defined one up to this; in a new book, from `from`.
    package func definePeriods(from: CalendarMonth? = nil, through last: CalendarMonth, actor: LedgerActor) throws {
        _ = try memory.validate(db)
        let table = try periodTable()
        let start: CalendarMonth
        if let defined = table.last {
            start = try defined.next
            if let from, from < table.first ?? from {
                throw LedgerError.periodMissing(from.firstDay)
            }
        } else {
            start = from ?? last
        }
        guard start <= last else { return }
        guard last <= (try clock.now().utcDate.calendarMonth.adding(months: 12)),
            (last.year - start.year) * 12 + last.month - start.month < 1200
        else { throw LedgerError.periodMissing(last.lastDay) }
        try definePeriods(start...last, actor: actor)
    }

    func definePeriods(_ months: ClosedRange<CalendarMonth>, actor: LedgerActor) throws {
        var month = months.lowerBound
        while month <= months.upperBound {
            let head = try memory.head ?? memory.validate(db)
            let time = recordingTime(after: head)
            try db.run(Self.insertPeriod, month, time, actor.id)
            try record(.periodDefined, subject: Self.number(of: month), actor: actor, at: time) { json in
                json.member("month", month.description)
            }
            month = try month.next
        }
        memory.periods = nil
    }

    /// How a month is written where a number is wanted: 202601.
    static func number(of month: CalendarMonth) -> Int64 { Int64(month.year * 100 + month.month) }
}
