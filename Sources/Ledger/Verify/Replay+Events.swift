import Core

/// What each event does to the books. A payload that does not read as it should is a problem, never a trap.
extension Replay {
    struct Unreadable: Error {}

    func apply(_ event: EventRecord) {
        report.events += 1
        let place = "event \(event.id)"
        if event.kind != EventKind.holdCaptured.rawValue { endCapture(before: place) }
        guard let kind = EventKind(rawValue: event.kind) else {
            return problem(.event, place, "Its kind \(event.kind) is not known.")
        }
        do {
            let payload = try JSON.parse(event.payload)
            switch kind {
            case .accountOpened: try openAccount(event, payload)
            case .accountLimited:
                try account(event).account.limit = AccountLimit(overdraftMinor: payload["overdraft"]?.int)
            case .accountFrozen, .accountUnfrozen, .accountClosed:
                guard let state = AccountState(rawValue: try text(payload, "state")) else { throw Unreadable() }
                try account(event).account.state = state
            case .accountRenamed: nameDigests[event.subject] = .some(try text(payload, "name_digest"))
            case .accountErased: nameDigests[event.subject] = .some(nil)
            case .balanceRebuilt: try account(event).balance.version = try int(payload, "version")
            case .memoErased: erasedMemos.insert(event.subject)
            case .limitWaived: waived = event.subject
            case .holdPlaced: try placeHold(event, payload, place)
            case .holdCaptured: try captureHold(event, payload, place)
            case .holdVoided: try endHold(event, .voided, place)
            case .holdExpired: try endHold(event, .expired, place)
            case .periodDefined, .periodClosed, .periodReopened, .periodLocked:
                try changePeriod(kind, event, payload, place)
            case .exceptionAdded: try addException(event, payload)
            case .seriesDefined: try defineSeries(event, payload)
            case .segmentOpened: try openSegment(event, payload, place)
            case .segmentClosed: try closeSegment(event, payload, place)
            case .numberTaken: try takeNumber(event, payload, place)
            case .rangeLost: break
            case .sourceDefined, .statementImported, .linesMatched, .linesUnmatched, .reconciliationClosed:
                try applyReconciliation(kind, event, payload, place)
            }
        } catch {
            problem(.event, place, "Its payload does not read as that of \(event.kind).")
        }
    }

    func text(_ payload: Value, _ key: String) throws -> String {
        guard let text = payload[key]?.string else { throw Unreadable() }
        return text
    }

    func int(_ payload: Value, _ key: String) throws -> Int64 {
        guard let int = payload[key]?.int else { throw Unreadable() }
        return int
    }

    /// An amount of minor units, as lines have them.
    private func amount(_ payload: Value, _ key: String) throws -> Int64 {
        let amount = try int(payload, key)
        guard (0...NewLine.maximumAmount).contains(amount) else { throw Unreadable() }
        return amount
    }

    /// A number of a series, which has a successor.
    private func number(_ payload: Value, _ key: String) throws -> Int64 {
        let number = try int(payload, key)
        guard (0..<Int64.max).contains(number) else { throw Unreadable() }
        return number
    }

    private func flag(_ payload: Value, _ key: String) throws -> Bool {
        guard let flag = payload[key]?.bool else { throw Unreadable() }
        return flag
    }

    // MARK: Accounts

    private func account(_ event: EventRecord) throws -> AccountSlot {
        guard let slot = slots[event.subject] else { throw Unreadable() }
        return slot
    }

    private func openAccount(_ event: EventRecord, _ payload: Value) throws {
        guard let kind = AccountKind(rawValue: try text(payload, "kind")),
            let side = Side(rawValue: try text(payload, "normal_side"))
        else { throw Unreadable() }
        let account = Account(
            id: event.subject, code: try text(payload, "code"), name: "", kind: kind, normalSide: side,
            currency: try Currency(code: try text(payload, "currency"), exponent: Int(try int(payload, "exponent"))),
            parentID: payload["parent_id"]?.int, isControl: try flag(payload, "is_control"),
            limit: AccountLimit(overdraftMinor: payload["overdraft"]?.int), state: .open,
            openedOn: try payload["opened_on"]?.string.map { try CalendarDate($0) })
        if slots[event.subject] != nil { problem(.event, "event \(event.id)", "Account \(account.code) was opened already.") }
        slots[event.subject] = AccountSlot(account, Balance())
        nameDigests[event.subject] = .some(try text(payload, "name_digest"))
    }

    // MARK: Periods

    private func changePeriod(_ kind: EventKind, _ event: EventRecord, _ payload: Value, _ place: String) throws {
        let month = try CalendarMonth(try text(payload, "month"))
        let (before, after): (PeriodState?, PeriodState) =
            switch kind {
            case .periodDefined: (nil, .open)
            case .periodClosed: (.open, .closed)
            case .periodReopened: (.closed, .open)
            default: (.closed, .locked)
            }
        if periods[month]?.state != before {
            problem(.event, place, "The period \(month) was \(periods[month]?.state.rawValue ?? "not defined").")
        }
        if kind == .periodDefined, let last = periods.keys.max(), try last.next != month {
            problem(.event, place, "The period \(month) does not follow \(last).")
        }
        periods[month] = PeriodFold(state: after, changedAt: event.recordedAt, actor: event.actor.id, reason: event.reason)
        guard kind == .periodLocked else { return }
        for earlier in months.keys.filter({ $0 <= month }) {
            for (account, sums) in months.removeValue(forKey: earlier) ?? [:] { locked[account, default: Movement()].add(sums) }
        }
        let rows = locked.filter { $0.value != Movement() }.sorted { $0.key < $1.key }.map { (account: $0.key, sums: $0.value) }
        if Digest.hex(Ledger.digest(ofBalances: rows)) != (try text(payload, "trial_balance_digest")) {
            problem(.period, place, "The trial balance that was locked with \(month) is not that of the entries.")
        }
        lockedRows.append((month, rows))
    }

    private func addException(_ event: EventRecord, _ payload: Value) throws {
        let month = try text(payload, "month")
        let (actor, from, until) = (try int(payload, "actor_id"), try text(payload, "from"), try text(payload, "until"))
        exceptionRules[event.subject] = (try CalendarMonth(month), actor, from, until)
        exceptions[event.subject] = [
            .int(event.subject), .string(month), .int(actor), .string(from), .string(until),
            event.reason.map { .string($0) } ?? .null,
        ]
    }

    // MARK: Holds

    private func placeHold(_ event: EventRecord, _ payload: Value, _ place: String) throws {
        let lines = try (payload["lines"]?.array ?? []).map { line in
            LineRecord(
                account: try int(line, "account_id"), debit: try amount(line, "debit"), credit: try amount(line, "credit"),
                branch: line["branch_id"]?.int, dimensions: line["dimensions"]?.string)
        }
        let known = lines.compactMap { slots[$0.account] }
        guard known.count == lines.count, !lines.isEmpty, holds[event.subject] == nil else { throw Unreadable() }
        holds[event.subject] = HoldFold(
            kind: try text(payload, "kind"), effectiveOn: try text(payload, "effective_on"),
            expiresAt: payload["expires_at"]?.string, sourceType: payload["source_type"]?.string,
            sourceID: payload["source_id"]?.int, lines: lines, captured: lines.map { _ in 0 }, released: lines.map { _ in 0 })
        decide(Decision.holdEffects(of: lines, known), place, entry: nil)
    }

    private func captureHold(_ event: EventRecord, _ payload: Value, _ place: String) throws {
        guard var hold = holds[event.subject], let capture, capture.entry.hold == event.subject,
            try int(payload, "entry") == capture.entry.id
        else { throw Unreadable() }
        self.capture = nil
        var releases: [Draft.Release] = []
        var expected: [LineRecord] = []
        for part in HoldEvents.captured(payload) {
            guard (1...hold.lines.count).contains(part.line), (0...NewLine.maximumAmount).contains(part.amount) else {
                throw Unreadable()
            }
            var line = hold.lines[part.line - 1]
            (line.debit, line.credit) = line.debit != 0 ? (part.amount, 0) : (0, part.amount)
            expected.append(line)
            hold.captured[part.line - 1] &+= part.amount
            try release(line, part.amount, &releases)
        }
        if expected != capture.lines { problem(.hold, place, "Entry \(capture.entry.id) is not what it says was captured.") }
        if try flag(payload, "final") { try releaseRest(&hold, &releases) }
        let left = hold.remaining
        if left.contains(where: { $0 < 0 }) { problem(.hold, place, "More was captured than hold \(event.subject) had.") }
        hold.state = left.contains { $0 > 0 } ? .partlyCaptured : .captured
        holds[event.subject] = hold
        let known = capture.lines.compactMap { slots[$0.account] }
        guard known.count == capture.lines.count else { throw Unreadable() }
        decide(
            Decision.effects(of: capture.lines, known, released: releases), "entry \(capture.entry.id)",
            entry: capture.entry.id)
    }

    private func endHold(_ event: EventRecord, _ state: HoldState, _ place: String) throws {
        guard var hold = holds[event.subject] else { throw Unreadable() }
        if !hold.state.isLive { problem(.hold, place, "Hold \(event.subject) was \(hold.state.rawValue) already.") }
        var releases: [Draft.Release] = []
        try releaseRest(&hold, &releases)
        hold.state = state
        holds[event.subject] = hold
        decide(Decision.effects(of: [], [], released: releases), ignoresLimits: true, place, entry: nil)
    }

    private func releaseRest(_ hold: inout HoldFold, _ releases: inout [Draft.Release]) throws {
        for (index, amount) in hold.remaining.enumerated() where amount > 0 {
            try release(hold.lines[index], amount, &releases)
            hold.released[index] &+= amount
        }
    }

    private func release(_ line: LineRecord, _ amount: Int64, _ releases: inout [Draft.Release]) throws {
        guard let slot = slots[line.account] else { throw Unreadable() }
        releases.append(Draft.Release(slot: slot, side: line.side, amount: amount))
    }

    /// An entry that captures a hold is followed by the event that says so.
    func endCapture(before place: String) {
        guard let open = capture else { return }
        capture = nil
        problem(.hold, "entry \(open.entry.id)", "It names a hold, and \(place) behind it does not say what was captured.")
        let known = open.lines.compactMap { slots[$0.account] }
        if known.count == open.lines.count {
            decide(Decision.effects(of: open.lines, known), place, entry: open.entry.id)
        }
    }

    // MARK: Series

    private func defineSeries(_ event: EventRecord, _ payload: Value) throws {
        series[event.subject] = [
            .int(event.subject), .string(try text(payload, "name")), .string(try text(payload, "format")),
            .string(try text(payload, "reset")), .int(try flag(payload, "is_branched") ? 1 : 0),
            .int(try flag(payload, "is_dated") ? 1 : 0), .int(try int(payload, "first")),
        ]
    }

    private func openSegment(_ event: EventRecord, _ payload: Value, _ place: String) throws {
        let first = try number(payload, "first")
        let segment = SegmentFold(
            series: try int(payload, "series_id"), branch: try int(payload, "branch_id"), period: try text(payload, "period"),
            format: try text(payload, "format"), first: first, next: first)
        let run = SegmentKey(series: "\(segment.series)", branch: segment.branch, period: segment.period)
        if let before = latestSegments[run].flatMap({ segments[$0] }) {
            if before.isOpen { problem(.series, place, "The segment before it is still open.") }
            if before.next > first { problem(.series, place, "It starts at \(first), and \(before.next - 1) was given already.") }
        }
        latestSegments[run] = event.subject
        segments[event.subject] = segment
    }

    private func closeSegment(_ event: EventRecord, _ payload: Value, _ place: String) throws {
        guard let segment = segments[event.subject] else { throw Unreadable() }
        if try int(payload, "last") != segment.next - 1 {
            problem(.series, place, "It says that the last number was another than \(segment.next - 1).")
        }
        segments[event.subject]?.isOpen = false
    }

    private func takeNumber(_ event: EventRecord, _ payload: Value, _ place: String) throws {
        guard var segment = segments[event.subject] else { throw Unreadable() }
        let number = try number(payload, "number")
        if number != segment.next || !segment.isOpen {
            problem(.series, place, "Number \(number) was given where \(segment.next) was next.")
        }
        let date = try text(payload, "date")
        segment.next = number + 1
        segment.lastOn = segment.lastOn.map { max($0, date) } ?? date
        segments[event.subject] = segment
    }
}

extension Replay.HoldFold {
    var remaining: [Int64] { lines.indices.map { lines[$0].amount &- captured[$0] &- released[$0] } }
}
