import Core
import Storage

extension Ledger {
    /// Posts the same lines in the same order with their sides swapped, naming what they undo. Once for an entry; a
    /// reversal may be reversed in its turn.
    ///
    /// - Parameters:
    ///   - effectiveOn: not before that of the entry; its own period counts, not that of the entry.
    ///   - reason: becomes the memo.
    ///   - allowsLimitBreach: the caller has checked that the actor may.
    @discardableResult
    package func reverse(
        entry: Int64, effectiveOn: CalendarDate, reason: String, actor: LedgerActor, idempotencyKey: String? = nil,
        allowsLimitBreach: Bool = false
    ) throws -> PostedEntry {
        _ = try memory.validate(db)
        try Self.checkReason(reason)
        guard let original = try EntryRows.find(id: entry, db)?.record else { throw LedgerError.entryUnknown(entry) }
        var record = EntryRecord(
            kind: "reversal", effectiveOn: effectiveOn.description, sourceType: original.sourceType,
            sourceID: original.sourceID, actorID: actor.id, actor: actor.label, rulesVersion: original.rulesVersion)
        record.reverses = entry
        record.idempotencyKey = idempotencyKey
        var draft = Draft(record: record, effectiveOn: effectiveOn, memo: reason)
        try draft.checkTexts()
        draft.ignoresLimits = allowsLimitBreach
        draft.lines = try EntryRows.lines(of: entry, db).map { line in
            var swapped = line
            (swapped.debit, swapped.credit) = (line.credit, line.debit)
            return swapped
        }
        draft.names = draft.lines.map { .id($0.account) }
        draft.slots = try draft.names.map { try memory.slot($0, db) }
        if let idempotencyKey, let stored = try EntryRows.find(key: idempotencyKey, db) {
            return try replayed(stored, draft, idempotencyKey)
        }
        let date = try CalendarDate(original.effectiveOn)
        guard effectiveOn >= date else {
            throw LedgerError.effectiveBeforeOriginal(effectiveOn, entry: entry, original: date)
        }
        if let by = try EntryRows.reversal(of: entry, db) { throw LedgerError.alreadyReversed(entry: entry, by: by) }
        if allowsLimitBreach {
            // Judged before anything is written, so that a refusal leaves no trace of the waiver.
            _ = try calendar(&draft)
            _ = try judge(draft)
            try self.record(.limitWaived, subject: entry, actor: actor, reason: reason) { _ in }
        }
        return try decideAndWrite(&draft)
    }

    private static let deleteMemo = SQL("DELETE FROM ledger_memos WHERE entry_id = ?1")

    /// Removes the memo of an entry because it names a person. That it was removed, by whom and why, stays.
    package func eraseMemo(entry: Int64, reason: String, actor: LedgerActor) throws {
        _ = try memory.validate(db)
        try Self.checkReason(reason)
        guard let stored = try EntryRows.find(id: entry, db) else { throw LedgerError.entryUnknown(entry) }
        guard stored.memo != nil else { return }
        try db.run(Self.deleteMemo, entry)
        try record(.memoErased, subject: entry, actor: actor, reason: reason) { _ in }
    }
}
