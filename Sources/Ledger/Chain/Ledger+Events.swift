import Core
import Storage

/// What happens besides entries. Each is a leaf of the chain; the names are stored and never change.
enum EventKind: String {
    case accountOpened = "account.opened"
    case accountLimited = "account.limited"
    case accountRenamed = "account.renamed"
    case accountErased = "account.erased"
    case accountFrozen = "account.frozen"
    case accountUnfrozen = "account.unfrozen"
    case accountClosed = "account.closed"
    case balanceRebuilt = "balance.rebuilt"
    case memoErased = "memo.erased"
    /// The reversal of this entry, which follows, may break limits.
    case limitWaived = "limit.waived"
    case holdPlaced = "hold.placed"
    case holdCaptured = "hold.captured"
    case holdVoided = "hold.voided"
    case holdExpired = "hold.expired"
    case periodDefined = "period.defined"
    case periodClosed = "period.closed"
    case periodReopened = "period.reopened"
    case periodLocked = "period.locked"
    case exceptionAdded = "period.exception_added"
    case seriesDefined = "series.defined"
    case segmentOpened = "series.segment_opened"
    case segmentClosed = "series.segment_closed"
    case numberTaken = "series.number_taken"
    case rangeLost = "series.range_lost"
    case sourceDefined = "reconciliation.source_defined"
    case statementImported = "reconciliation.statement_imported"
    case linesMatched = "reconciliation.matched"
    case linesUnmatched = "reconciliation.unmatched"
    case reconciliationClosed = "reconciliation.closed"
}

extension Ledger {
    static let maximumReason = 1000

    private static let insertEvent = SQL(
        """
        INSERT INTO ledger_events
          (id, after_entry_id, kind, subject_id, payload, actor_id, actor, reason, recorded_at, digest)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        """)

    /// Appends a leaf. The memory's head moves on; what else the event changes is the caller's to write and remember.
    @discardableResult
    func record(
        _ kind: EventKind, subject: Int64, actor: LedgerActor, reason: String? = nil, at time: String? = nil,
        payload: (inout JSONWriter) -> Void
    ) throws -> Int64 {
        var json = JSONWriter(capacity: 160)
        json.beginObject()
        payload(&json)
        json.endObject()
        return try record(kind, subject: subject, actor: actor, reason: reason, at: time, json: json)
    }

    /// - Parameters:
    ///   - time: from `recordingTime`, if a row beside it has the same.
    ///   - json: a whole object.
    @discardableResult
    func record(
        _ kind: EventKind, subject: Int64, actor: LedgerActor, reason: String? = nil, at time: String? = nil,
        json: JSONWriter
    ) throws -> Int64 {
        var head = try memory.head ?? memory.validate(db)
        let event = EventRecord(
            id: head.event + 1, afterEntry: head.entry, kind: kind.rawValue, subject: subject,
            payload: String(decoding: json.bytes, as: UTF8.self), actor: actor, reason: reason,
            recordedAt: time ?? recordingTime(after: head))
        let digest = Leaf.event(event, previous: try head.previous(db), into: &memory.bytes)

        let insert = try db.statement(Self.insertEvent)
        insert.bind(1, event.id)
        insert.bind(2, event.afterEntry)
        insert.bind(3, event.kind)
        insert.bind(4, event.subject)
        json.bytes.withUnsafeBufferPointer { insert.bind(5, utf8: $0) }
        insert.bind(6, actor.id)
        insert.bind(7, actor.label)
        insert.bind(8, reason)
        insert.bind(9, event.recordedAt)
        insert.bind(10, digest)
        try insert.run()

        head.event = event.id
        head.eventAfter = head.entry
        head.eventDigest = digest
        head.recordedAt = event.recordedAt
        memory.head = head
        return event.id
    }

    /// For changes that are rare: everything that is remembered is read anew next time.
    func forgettingAll<T>(_ body: () throws -> T) throws -> T {
        _ = try memory.validate(db)
        defer { memory.forget() }
        return try body()
    }

    /// - Parameter field: what the reason is called where it came from.
    static func checkReason(_ reason: String, field: String = "reason") throws {
        guard !reason.allSatisfy(\.isWhitespace), reason.utf8.count <= maximumReason else {
            throw LedgerError.invalid(field: field, "A reason of 1 to \(maximumReason) characters is needed.")
        }
    }
}
