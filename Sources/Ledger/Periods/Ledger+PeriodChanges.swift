import Core
import Storage

extension Ledger {
    private static let updatePeriod = SQL(
        "UPDATE ledger_periods SET state = ?2, changed_at = ?3, actor_id = ?4, reason = ?5 WHERE month = ?1")
    private static let insertException = SQL(
        """
        INSERT INTO ledger_period_exceptions (id, month, actor_id, from_at, until_at, reason)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        """)
    private static let nextException = SQL("SELECT coalesce(max(id), 0) + 1 FROM ledger_period_exceptions")
    private static let selectException = SQL(
        """
        SELECT id FROM ledger_period_exceptions
        WHERE month = ?1 AND actor_id = ?2 AND from_at <= ?3 AND ?3 < until_at ORDER BY id LIMIT 1
        """)
    private static let selectExceptions = SQL(
        """
        SELECT id, month, actor_id, from_at, until_at, reason FROM ledger_period_exceptions
        WHERE month = ?1 ORDER BY id
        """)
    private static let countHolds = SQL(
        """
        SELECT count(*) FROM ledger_holds
        WHERE state IN ('held', 'partly_captured') AND effective_on BETWEEN ?1 AND ?2
        """)
    private static let insertBalance = SQL(
        "INSERT INTO ledger_period_balances (month, account_id, debit_minor, credit_minor) VALUES (?1, ?2, ?3, ?4)")

    /// Nothing more is posted into the month, but for named exceptions.
    package func closePeriod(_ month: CalendarMonth, reason: String? = nil, actor: LedgerActor) throws {
        if let reason { try Self.checkReason(reason) }
        try change(month, .open, to: .closed, .periodClosed, reason, actor)
    }

    package func reopenPeriod(_ month: CalendarMonth, reason: String, actor: LedgerActor) throws {
        try Self.checkReason(reason)
        try change(month, .closed, to: .open, .periodReopened, reason, actor)
    }

    /// For ever: keeps the trial balance of the month's end and the head of the chain.
    /// - Throws: `.periodState` unless the month is closed, `.periodOrder` if an earlier one is not locked,
    ///   `.periodHasHolds`.
    package func lockPeriod(_ month: CalendarMonth, reason: String, actor: LedgerActor) throws {
        try Self.checkReason(reason)
        let all = try periods()
        if let earlier = all.first(where: { $0.month < month && $0.state != .locked }) {
            throw LedgerError.periodOrder(month, earlier: earlier.month)
        }
        let holds = try db.integer(Self.countHolds, month.firstDay, month.lastDay)
        guard holds == 0 else { throw LedgerError.periodHasHolds(month, count: Int(holds)) }
        // Read before the month counts as locked: from then on it answers from these rows.
        let rows = try movements(through: month.lastDay)
        try change(month, .closed, to: .locked, .periodLocked, reason, actor) { json in
            for (account, sums) in rows { try db.run(Self.insertBalance, month, account, sums.debits, sums.credits) }
            json.member("trial_balance_digest", Digest.hex(Self.digest(ofBalances: rows)))
        }
    }

    /// Leave for one actor to post into a closed month for a while; every entry that uses it names it.
    @discardableResult
    package func addException(
        _ month: CalendarMonth, for actorID: Int64, from: Instant, until: Instant, reason: String, actor: LedgerActor
    ) throws -> PeriodException {
        try Self.checkReason(reason)
        guard from < until else { throw LedgerError.invalid(field: "until", "An exception ends after it begins.") }
        guard let period = try period(month) else { throw LedgerError.periodMissing(month.firstDay) }
        guard period.state == .closed else { throw LedgerError.periodState(month, is: period.state, wanted: .closed) }
        return try forgettingAll {
            let id = try db.integer(Self.nextException)
            try db.run(Self.insertException, id, month, actorID, from, until, reason)
            try record(.exceptionAdded, subject: id, actor: actor, reason: reason) { json in
                json.member("month", month.description)
                json.member("actor_id", actorID)
                json.member("from", from.description)
                json.member("until", until.description)
            }
            return PeriodException(id: id, month: month, actorID: actorID, from: from, until: until, reason: reason)
        }
    }

    package func exceptions(in month: CalendarMonth) throws -> [PeriodException] {
        try db.query(Self.selectExceptions, month) { row in
            PeriodException(
                id: row.int(0), month: try CalendarMonth(row.text(1)), actorID: row.int(2), from: try row.instant(3),
                until: try row.instant(4), reason: row.text(5))
        }
    }

    func exception(in month: CalendarMonth, actor: Int64) throws -> Int64? {
        // At the time that the entry will bear, which is what `verify` goes by.
        let time = recordingTime(after: try memory.head ?? memory.validate(db))
        return try db.first(Self.selectException, month, actor, time) { $0.int(0) }
    }

    private func change(
        _ month: CalendarMonth, _ from: PeriodState, to state: PeriodState, _ kind: EventKind, _ reason: String?,
        _ actor: LedgerActor, besides: (inout JSONWriter) throws -> Void = { _ in }
    ) throws {
        guard let period = try period(month) else { throw LedgerError.periodMissing(month.firstDay) }
        guard period.state == from else { throw LedgerError.periodState(month, is: period.state, wanted: state) }
        try forgettingAll {
            let head = try memory.head ?? memory.validate(db)
            let time = recordingTime(after: head)
            try db.run(Self.updatePeriod, month, state.rawValue, time, actor.id, reason)
            var json = JSONWriter(capacity: 160)
            json.beginObject()
            json.member("month", month.description)
            try besides(&json)
            json.endObject()
            try record(kind, subject: Self.number(of: month), actor: actor, reason: reason, at: time, json: json)
        }
    }

    /// Of a trial balance: account, debits, credits, in the order of account ids.
    static func digest(ofBalances rows: [(account: Int64, sums: Movement)]) -> [UInt8] {
        var bytes = CanonicalBytes(capacity: rows.count * 24)
        for row in rows {
            bytes.int(row.account)
            bytes.int(row.sums.debits)
            bytes.int(row.sums.credits)
        }
        return bytes.digest()
    }
}
