import Core
import Storage

// The stages, in this order; the first that fails answers: shape, idempotency, calendar, references, state, write.

extension Ledger {
    /// Posts one entry: all of it or nothing.
    ///
    /// - Throws: `LedgerError`, having written nothing; `StorageError`, after which the caller rolls back.
    @discardableResult
    package func post(_ new: NewEntry) throws -> PostedEntry {
        _ = try memory.validate(db)
        var draft = try Draft(new)
        try resolve(new.lines, &draft)
        if let key = new.idempotencyKey, let stored = try EntryRows.find(key: key, db) {
            return try replayed(stored, draft, key)
        }
        return try decideAndWrite(&draft)
    }

    /// What `post` would do: the same decision, nothing written, no number taken.
    package func preview(_ new: NewEntry) throws -> EntryPreview {
        _ = try memory.validate(db)
        var draft = try Draft(new)
        try resolve(new.lines, &draft)
        if let key = new.idempotencyKey, let stored = try EntryRows.find(key: key, db) {
            return EntryPreview(replays: try replayed(stored, draft, key).id, balances: [])
        }
        _ = try calendar(&draft)
        let effects = try judge(draft)
        return EntryPreview(
            replays: nil, balances: effects.map { .init(account: $0.slot.account, before: $0.slot.balance, after: $0.after) })
    }

    func decideAndWrite(_ draft: inout Draft) throws -> PostedEntry {
        let undefined = try calendar(&draft)
        let effects = try judge(draft)
        if let undefined { try definePeriods(undefined, actor: LedgerActor(id: draft.record.actorID, label: draft.record.actor)) }
        return try write(&draft, effects)
    }

    // MARK: Stages

    /// Looks up the accounts and checks what needs them: currencies and the balance.
    func resolve(_ lines: [NewLine], _ draft: inout Draft) throws {
        draft.slots.reserveCapacity(lines.count)
        for (index, line) in lines.enumerated() {
            let slot = try memory.slot(line.account, db)
            draft.slots.append(slot)
            guard let slot else { continue }
            draft.lines[index].account = slot.account.id
            if let given = line.currency, given != slot.account.currency {
                throw LedgerError.currencyMismatch(
                    line: index, account: slot.account.code, has: slot.account.currency, given: given)
            }
        }
        draft.names = lines.map(\.account)
        try draft.checkBalance()
    }

    /// - Returns: the periods that come into being with this entry.
    func calendar(_ draft: inout Draft) throws -> ClosedRange<CalendarMonth>? {
        let standing = try periods(for: draft.effectiveOn)
        switch standing {
        case .open: return nil
        case .undefined(let months): return months
        case .locked(let month): throw LedgerError.periodLocked(month, on: draft.effectiveOn)
        case .closed(let month):
            guard let exception = try exception(in: month, actor: draft.record.actorID) else {
                throw LedgerError.periodClosed(month, on: draft.effectiveOn)
            }
            draft.record.exception = exception
            return nil
        }
    }

    /// References, then the state of the accounts.
    func judge(_ draft: Draft) throws -> [Effect] {
        let slots = try references(draft)
        var effects = Decision.effects(of: draft.lines, slots, released: draft.released)
        let conditions = try draft.conditions.map { ($0, try slot(writing: $0.account)) }
        try Decision.decide(&effects, conditions: conditions, ignoresLimits: draft.ignoresLimits)
        return effects
    }

    func references(_ draft: Draft) throws -> [AccountSlot] {
        let slots = draft.slots.compactMap(\.self)
        for slot in slots {
            if let opened = slot.account.openedOn, draft.effectiveOn < opened {
                throw LedgerError.accountNotOpen(slot.account.code, on: draft.effectiveOn, opened: opened)
            }
        }
        if slots.count < draft.slots.count, let index = draft.slots.firstIndex(where: { $0 == nil }) {
            throw LedgerError.accountUnknown(draft.names[index].description, line: index)
        }
        if let index = slots.firstIndex(where: \.account.isControl) {
            throw LedgerError.controlAccount(slots[index].account.code, line: index)
        }
        if let corrected = draft.record.corrects, try EntryRows.effectiveOn(corrected, db) == nil {
            throw LedgerError.entryUnknown(corrected)
        }
        if draft.record.corrects != nil || draft.record.reverses != nil {
            try Self.checkCorrection(draft.record, draft.lines, accounts: { try memory.slot(.id($0), db)?.account }, db)
        }
        if draft.isOncePerSource, let type = draft.record.sourceType, let id = draft.record.sourceID {
            let source = EntrySource(type: type, id: id)
            if let entry = try EntryRows.standing(source: source, kind: draft.record.kind, db) {
                throw LedgerError.sourceAlreadyPosted(source, entry: entry)
            }
        }
        return slots
    }

    func replayed(_ stored: EntryRows.Stored, _ draft: Draft, _ key: String) throws -> PostedEntry {
        let (old, new) = (stored.record, draft.record)
        let isSame =
            old.kind == new.kind && old.effectiveOn == new.effectiveOn && old.sourceType == new.sourceType
            && old.sourceID == new.sourceID && old.actorID == new.actorID && old.actor == new.actor
            && old.rulesVersion == new.rulesVersion && old.reverses == new.reverses && old.corrects == new.corrects
            && old.hold == new.hold && (old.memoDigest == nil) == (draft.memo == nil)
            && (stored.memo == nil || stored.memo == draft.memo)
        guard isSame, try EntryRows.lines(of: old.id, db) == draft.lines else {
            throw LedgerError.idempotencyConflict(key: key, entry: old.id)
        }
        return PostedEntry(id: old.id, digest: stored.digest, recordedAt: try Instant(old.recordedAt), wasReplayed: true)
    }

    // MARK: Write

    /// The only place that stores entries. What is remembered changes after the last statement succeeded.
    private func write(_ draft: inout Draft, _ effects: [Effect]) throws -> PostedEntry {
        var head = try memory.head ?? memory.validate(db)
        let now = clock.now()
        let nowText = now.description
        draft.record.id = head.entry + 1
        draft.record.recordedAt = max(nowText, head.recordedAt)
        var salt: [UInt8] = []
        if let memo = draft.memo {
            salt = memory.salt()
            draft.record.memoDigest = Leaf.privateText(memo, salt: salt)
        }
        Leaf.beginEntry(draft.record, lineCount: draft.lines.count, previous: try head.previous(db), into: &memory.bytes)
        for line in draft.lines { Leaf.line(line, into: &memory.bytes) }
        let digest = memory.bytes.digest()

        let id = draft.record.id
        try EntryRows.insert(draft.record, digest: digest, db)
        try EntryRows.insert(draft.lines, entry: id, on: draft.record.effectiveOn, db)
        if let memo = draft.memo { try EntryRows.insert(memo: memo, salt: salt, entry: id, db) }
        try writeBalances(effects, entry: id)
        let isFolded = id % Self.foldEvery == 0
        if isFolded { try foldDays(through: id, effects, on: draft.record.effectiveOn) }

        remember(effects, entry: id)
        if isFolded {
            memory.days = DaySums(since: id)
        } else {
            memory.days?.add(effects, on: draft.record.effectiveOn)
            if memory.days?.isTooLarge == true { memory.days = nil }
        }
        head.entry = id
        head.entryDigest = digest
        head.recordedAt = draft.record.recordedAt
        memory.head = head
        let isNow = draft.record.recordedAt == nowText
        return PostedEntry(id: id, digest: digest, recordedAt: isNow ? now : try Instant(draft.record.recordedAt))
    }

    /// - Parameter entry: the entry that moved them; nil if a hold did.
    func writeBalances(_ effects: [Effect], entry: Int64? = nil) throws(StorageError) {
        for effect in effects {
            var balance = effect.after
            balance.lastEntry = entry ?? balance.lastEntry
            try AccountRows.write(balance, of: effect.slot.account.id, db)
        }
    }

    /// Once all is written.
    func remember(_ effects: [Effect], entry: Int64? = nil) {
        for effect in effects {
            effect.slot.balance = effect.after
            effect.slot.balance.lastEntry = entry ?? effect.after.lastEntry
        }
    }
}

/// What an entry would do.
package struct EntryPreview: Sendable, Equatable {
    package struct Change: Sendable, Equatable {
        package let account: Account
        package let before: Balance
        package let after: Balance
    }

    /// The entry that the key belongs to already; then nothing would change.
    package let replays: Int64?
    package let balances: [Change]
}
