import Core
import Storage

extension Ledger {
    // MARK: Reading

    /// - Throws: `.holdUnknown`.
    package func hold(_ id: Int64) throws -> Hold {
        guard let hold = try HoldRows.find(id, db) else { throw LedgerError.holdUnknown(id) }
        return hold
    }

    package func holds(of source: EntrySource) throws -> [Hold] { try HoldRows.of(source, db) }

    /// In the order of their numbers.
    package func liveHolds(after: Int64 = 0, limit: Int = 50) throws -> [Hold] {
        try HoldRows.live(after: after, limit: max(1, min(limit, 1000)), db)
    }

    // MARK: Placing

    /// Reserves what the lines say. It passes the same stages as an entry, and counts against limits at once.
    @discardableResult
    package func placeHold(_ new: NewHold) throws -> Hold {
        _ = try memory.validate(db)
        if let expires = new.expiresAt, expires <= clock.now() {
            throw LedgerError.invalid(field: "expires_at", "A hold expires in the future, not on \(expires).")
        }
        var draft = try Draft(
            NewEntry(
                kind: new.kind, effectiveOn: new.effectiveOn, actor: new.actor, lines: new.lines, source: new.source,
                conditions: new.conditions))
        try resolve(new.lines, &draft)
        let undefined = try calendar(&draft)
        let slots = try references(draft)
        var effects = Decision.holdEffects(of: draft.lines, slots)
        let conditions = try draft.conditions.map { ($0, try slot(writing: $0.account)) }
        try Decision.decide(&effects, conditions: conditions)

        if let undefined { try definePeriods(undefined, actor: new.actor) }
        let id = try HoldRows.nextID(db)
        try HoldRows.insert(id, new, draft.lines, db)
        try writeBalances(effects)
        try record(.holdPlaced, subject: id, actor: new.actor) { json in
            HoldEvents.write(new, draft.lines, to: &json)
        }
        remember(effects)
        return try hold(id)
    }

    // MARK: Ending

    /// Books all that is left of a hold, or part of it, as an entry that names the hold.
    ///
    /// - Throws: `.holdResolved`, `.captureExceedsHold`, and whatever `post` throws.
    @discardableResult
    package func captureHold(_ capture: Capture) throws -> PostedEntry {
        _ = try memory.validate(db)
        let hold = try hold(capture.hold)
        var record = EntryRecord(
            kind: capture.kind, effectiveOn: capture.effectiveOn.description,
            sourceType: (capture.source ?? hold.source)?.type, sourceID: (capture.source ?? hold.source)?.id,
            actorID: capture.actor.id, actor: capture.actor.label, rulesVersion: capture.rulesVersion)
        record.hold = hold.id
        record.idempotencyKey = capture.idempotencyKey
        var draft = Draft(record: record, effectiveOn: capture.effectiveOn, memo: capture.memo)
        try draft.checkTexts()

        if let key = capture.idempotencyKey, let stored = try EntryRows.find(key: key, db) {
            try fill(&draft, Self.asked(capture, hold, replays: stored.record.id, in: self), hold)
            return try replayed(stored, draft, key)
        }
        guard hold.state.isLive else { throw LedgerError.holdResolved(hold.id, state: hold.state.rawValue) }
        var lines = hold.lines
        let left = lines.filter { $0.remaining > 0 }.map { CaptureLine(line: $0.number, amount: $0.remaining) }
        let asked: [CaptureLine] = capture.lines ?? left
        try take(asked, from: &lines, of: hold)
        try fill(&draft, asked, hold)
        try draft.checkBalance()
        if capture.isFinal {
            for index in lines.indices where lines[index].remaining > 0 {
                try release(&lines[index], &draft)
            }
        }
        let posted = try decideAndWrite(&draft)
        try finish(hold, lines, lines.contains { $0.remaining > 0 } ? .partlyCaptured : .captured)
        try self.record(.holdCaptured, subject: hold.id, actor: capture.actor) { json in
            HoldEvents.write(entry: posted.id, asked, isFinal: capture.isFinal, to: &json)
        }
        return posted
    }

    /// Lets go of all that is left. Limits and freezes never stand in the way.
    package func voidHold(_ id: Int64, reason: String, actor: LedgerActor) throws {
        try Self.checkReason(reason)
        _ = try memory.validate(db)
        try letGo(hold(id), .voided, .holdVoided, reason: reason, actor)
    }

    /// Ends the holds whose time is over, by the kernel's clock. Until this is called they stay as they are.
    ///
    /// - Parameter limit: at most so many, so that a turn stays short.
    /// - Returns: the holds that expired; call again while it is as many as `limit`.
    @discardableResult
    package func expireHolds(limit: Int = 100, actor: LedgerActor) throws -> [Int64] {
        _ = try memory.validate(db)
        let ids = try HoldRows.expired(by: clock.now(), limit: limit, db)
        for id in ids { try letGo(hold(id), .expired, .holdExpired, reason: nil, actor) }
        return ids
    }

    private func letGo(_ hold: Hold, _ state: HoldState, _ kind: EventKind, reason: String?, _ actor: LedgerActor) throws {
        guard hold.state.isLive else { throw LedgerError.holdResolved(hold.id, state: hold.state.rawValue) }
        var draft = Draft(
            record: EntryRecord(kind: hold.kind, effectiveOn: "", actorID: actor.id, actor: actor.label),
            effectiveOn: hold.effectiveOn, memo: nil)
        var lines = hold.lines
        for index in lines.indices where lines[index].remaining > 0 { try release(&lines[index], &draft) }
        var effects = Decision.effects(of: [], [], released: draft.released)
        try Decision.decide(&effects, ignoresLimits: true)
        try finish(hold, lines, state)
        try writeBalances(effects)
        try record(kind, subject: hold.id, actor: actor, reason: reason) { _ in }
        remember(effects)
    }

    // MARK: Parts

    private func take(_ asked: [CaptureLine], from lines: inout [HoldLine], of hold: Hold) throws {
        guard asked.count >= 2 else { throw LedgerError.tooFewLines(asked.count) }
        for (index, part) in asked.enumerated() {
            guard part.amount > 0 else { throw LedgerError.amountNotPositive(line: index, amount: part.amount) }
            guard lines.indices.contains(part.line - 1), lines[part.line - 1].remaining >= part.amount else {
                let remaining = lines.indices.contains(part.line - 1) ? lines[part.line - 1].remaining : 0
                throw LedgerError.captureExceedsHold(hold.id, line: part.line - 1, remaining: remaining, asked: part.amount)
            }
            lines[part.line - 1].captured += part.amount
        }
    }

    /// The lines of the entry that captures so much, and what they take out of the pending totals.
    private func fill(_ draft: inout Draft, _ asked: [CaptureLine], _ hold: Hold) throws {
        for part in asked {
            let line = hold.lines[part.line - 1]
            let slot = try slot(writing: .id(line.accountID))
            draft.lines.append(
                LineRecord(
                    account: line.accountID, debit: line.side == .debit ? part.amount : 0,
                    credit: line.side == .credit ? part.amount : 0, branch: line.branch, dimensions: line.dimensions))
            draft.slots.append(slot)
            draft.names.append(.id(line.accountID))
            draft.released.append(Draft.Release(slot: slot, side: line.side, amount: part.amount))
        }
    }

    private func release(_ line: inout HoldLine, _ draft: inout Draft) throws {
        let slot = try slot(writing: .id(line.accountID))
        draft.released.append(Draft.Release(slot: slot, side: line.side, amount: line.remaining))
        line.released += line.remaining
    }

    private func finish(_ hold: Hold, _ lines: [HoldLine], _ state: HoldState) throws {
        for (old, new) in zip(hold.lines, lines) where old != new { try HoldRows.write(new, of: hold.id, db) }
        try HoldRows.set(state, of: hold.id, db)
    }

    /// What a repeated capture would have to have asked for: with no lines given, whatever the first one took.
    private static func asked(_ capture: Capture, _ hold: Hold, replays entry: Int64, in ledger: Ledger) throws -> [CaptureLine] {
        if let lines = capture.lines {
            guard lines.allSatisfy({ hold.lines.indices.contains($0.line - 1) }) else { return [] }
            return lines
        }
        return try ledger.capturedLines(of: hold.id, by: entry)
    }

    private static let selectCaptures = SQL(
        "SELECT payload FROM ledger_events WHERE after_entry_id = ?1 AND kind = 'hold.captured' AND subject_id = ?2")

    private func capturedLines(of hold: Int64, by entry: Int64) throws -> [CaptureLine] {
        let payload = try db.first(Self.selectCaptures, entry, hold) { $0.text(0) }
        return try payload.map { HoldEvents.captured(try JSON.parse($0)) } ?? []
    }
}
