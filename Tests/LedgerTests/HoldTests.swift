import Core
import Testing

@testable import Ledger

@Suite struct HoldTests {
    let book: Book

    init() throws {
        book = try Book()
        try book.post("2026-01-05", .debit("1000", 1000), .credit("3000", 1000))
        try book.write { try $0.setLimit("1000", .noOverdraft, reason: "cash", actor: book.user) }
    }

    private func place(_ lines: NewLine..., expires: Int64? = nil) throws -> Hold {
        try book.write { ledger in
            try ledger.placeHold(
                NewHold(
                    kind: "reservation", effectiveOn: .of("2026-01-15"),
                    expiresAt: expires.map { book.clock.now().adding(seconds: $0) },
                    source: EntrySource(type: "orders", id: 1), actor: book.user, lines: lines))
        }
    }

    private func capture(_ hold: Hold, _ lines: [CaptureLine]? = nil, final: Bool = false, key: String? = nil) throws -> PostedEntry {
        try book.write {
            try $0.captureHold(
                Capture(
                    hold: hold.id, lines: lines, isFinal: final, kind: "sale", effectiveOn: .of("2026-01-16"),
                    actor: book.user, idempotencyKey: key))
        }
    }

    private func balance(_ code: String) throws -> AccountBalance { try book.read { try $0.balance(.code(code)) } }

    @Test func `a hold counts against what is available and books nothing`() throws {
        let hold = try place(.credit("1000", 600), .debit("5000", 600))
        #expect(hold.state == .held)
        let cash = try balance("1000")
        #expect(cash.posted.minor == 1000)
        #expect(cash.available.minor == 400)
        #expect(cash.pending.minor == 400)
        // What is promised to come in does not count.
        #expect(try balance("5000").available.minor == 0)
        #expect(try balance("5000").pending.minor == 600)
        let error = try book.expectRefusal("ledger.limit_exceeded") { ledger in
            try ledger.post(book.entry("2026-01-15", [.credit("1000", 401), .debit("5000", 401)]))
        }
        #expect(error?.problem.extra.contains { $0.0 == "available" && $0.1 == 400 } == true)
        try book.expectRefusal("ledger.limit_exceeded") { ledger in
            try ledger.placeHold(
                NewHold(
                    kind: "r", effectiveOn: .of("2026-01-15"), actor: book.user,
                    lines: [.credit("1000", 401), .debit("5000", 401)]))
        }
        #expect(try book.read { try $0.trialBalance(asOf: .of("2026-12-31")).rows.count } == 2)
        #expect(try book.read { try $0.holds(of: EntrySource(type: "orders", id: 1)) } == [hold])
        #expect(try book.read { try $0.liveHolds().map(\.id) } == [1])
    }

    @Test func `a capture books what was held and names it`() throws {
        let hold = try place(.credit("1000", 600), NewLine("5000", .debit, 600, branch: 4, dimensions: ["x": "y"]))
        let posted = try capture(hold)
        let entry = try book.read { try $0.entry(posted.id) }
        #expect(entry.hold == hold.id)
        #expect(entry.source == EntrySource(type: "orders", id: 1))
        #expect(entry.lines.map(\.amount.minor) == [600, 600])
        #expect(entry.lines[1].branch == 4)
        #expect(entry.lines[1].dimensions == ["x": "y"])
        let cash = try balance("1000")
        #expect(cash.posted.minor == 400)
        #expect(cash.available.minor == 400)
        #expect(cash.pendingCredits == 0)
        #expect(try book.read { try $0.hold(hold.id).state } == .captured)
        let error = try book.expectRefusal("ledger.hold_resolved") {
            try $0.captureHold(Capture(hold: hold.id, kind: "sale", effectiveOn: .of("2026-01-16"), actor: book.user))
        }
        #expect(error == .holdResolved(hold.id, state: "captured"))
        try book.expectRefusal("ledger.hold_resolved") { try $0.voidHold(hold.id, reason: "x", actor: book.user) }
    }

    @Test func `a hold is captured in parts, balanced, and never beyond itself`() throws {
        let hold = try place(.credit("1000", 600), .debit("5000", 500), .debit("2100", 100))
        try book.expectRefusal("ledger.unbalanced") {
            try $0.captureHold(
                Capture(
                    hold: hold.id, lines: [.init(line: 1, amount: 100), .init(line: 2, amount: 90)], kind: "sale",
                    effectiveOn: .of("2026-01-16"), actor: book.user))
        }
        _ = try capture(hold, [.init(line: 1, amount: 100), .init(line: 2, amount: 100)])
        #expect(try book.read { try $0.hold(hold.id).state } == .partlyCaptured)
        #expect(try book.read { try $0.hold(hold.id).lines.map(\.remaining) } == [500, 400, 100])
        let error = try book.expectRefusal("ledger.capture_exceeds_hold") {
            try $0.captureHold(
                Capture(
                    hold: hold.id, lines: [.init(line: 1, amount: 401), .init(line: 2, amount: 401)], kind: "sale",
                    effectiveOn: .of("2026-01-16"), actor: book.user))
        }
        #expect(error == .captureExceedsHold(hold.id, line: 1, remaining: 400, asked: 401))
        for wrong in [0, 4, -1] {
            try book.expectRefusal("ledger.capture_exceeds_hold") {
                try $0.captureHold(
                    Capture(
                        hold: hold.id, lines: [.init(line: wrong, amount: 1), .init(line: 2, amount: 1)], kind: "sale",
                        effectiveOn: .of("2026-01-16"), actor: book.user))
            }
        }
        // The last part lets go of the rest.
        _ = try capture(hold, [.init(line: 1, amount: 100), .init(line: 3, amount: 100)], final: true)
        let ended = try book.read { try $0.hold(hold.id) }
        #expect(ended.state == .captured)
        #expect(ended.lines.map(\.captured) == [200, 100, 100])
        #expect(ended.lines.map(\.released) == [400, 400, 0])
        #expect(ended.lines.allSatisfy { $0.captured + $0.released == $0.amount.minor })  // LG-51
        #expect(try balance("1000").available.minor == 800)
        #expect(try balance("5000").pendingDebits == 0)
    }

    @Test func `a capture repeated under its key is the same one`() throws {
        let hold = try place(.credit("1000", 600), .debit("5000", 600))
        let first = try capture(hold, key: "c")
        let again = try capture(hold, key: "c")
        #expect(again.id == first.id)
        #expect(again.wasReplayed)
        try book.expectRefusal("ledger.idempotency_conflict") {
            try $0.captureHold(
                Capture(
                    hold: hold.id, lines: [.init(line: 1, amount: 1), .init(line: 2, amount: 1)], kind: "sale",
                    effectiveOn: .of("2026-01-16"), actor: book.user, idempotencyKey: "c"))
        }
    }

    @Test func `a void is never refused by a freeze or a limit`() throws {
        let hold = try place(.credit("1000", 600), .debit("5000", 600))
        try book.write { try $0.freeze("1000", reason: "x", actor: book.user) }
        try book.expectRefusal("ledger.account_frozen") {
            try $0.captureHold(Capture(hold: hold.id, kind: "sale", effectiveOn: .of("2026-01-16"), actor: book.user))
        }
        try book.write { try $0.voidHold(hold.id, reason: "changed their mind", actor: book.user) }
        #expect(try balance("1000").available.minor == 1000)
        #expect(try book.read { try $0.hold(hold.id).state } == .voided)
    }

    @Test func `time alone changes nothing; expiry is an event`() throws {
        let (short, long) = (
            try place(.credit("1000", 100), .debit("5000", 100), expires: 60),
            try place(.credit("1000", 200), .debit("5000", 200), expires: 3600)
        )
        let never = try place(.credit("1000", 300), .debit("5000", 300))
        try book.expectRefusal("ledger.invalid") {
            try $0.placeHold(
                NewHold(
                    kind: "r", effectiveOn: .of("2026-01-15"), expiresAt: book.clock.now(), actor: book.user,
                    lines: [.credit("1000", 1), .debit("5000", 1)]))
        }
        book.clock.advance(milliseconds: 60_000)
        #expect(try balance("1000").available.minor == 400)
        #expect(try book.write { try $0.expireHolds(actor: book.user) } == [short.id])
        #expect(try balance("1000").available.minor == 500)
        #expect(try book.write { try $0.expireHolds(actor: book.user) } == [])
        book.clock.advance(milliseconds: 3_600_000)
        #expect(try book.write { try $0.expireHolds(actor: book.user) } == [long.id])
        #expect(try book.read { try $0.liveHolds().map(\.id) } == [never.id])
        #expect(try book.read { try $0.hold(short.id).state } == .expired)
    }

    @Test func `live holds keep an account open and a month unlocked`() throws {
        let hold = try book.write { ledger in
            try ledger.placeHold(
                NewHold(
                    kind: "r", effectiveOn: .of("2025-12-31"), actor: book.user,
                    lines: [.credit("2000", 5), .debit("5000", 5)]))
        }
        try book.expectRefusal("ledger.account_not_empty") { try $0.closeAccount("2000", reason: "x", actor: book.user) }
        try book.write { try $0.closePeriod(CalendarMonth("2025-12"), actor: book.user) }
        try book.expectRefusal("ledger.period_has_holds") {
            try $0.lockPeriod(CalendarMonth("2025-12"), reason: "x", actor: book.user)
        }
        try book.write { try $0.voidHold(hold.id, reason: "x", actor: book.user) }
        try book.write { try $0.lockPeriod(CalendarMonth("2025-12"), reason: "x", actor: book.user) }
        try book.expectRefusal("ledger.period_locked") {
            try $0.placeHold(
                NewHold(
                    kind: "r", effectiveOn: .of("2025-12-31"), actor: book.user,
                    lines: [.credit("2000", 5), .debit("5000", 5)]))
        }
    }

    @Test func `what was rolled back of a hold is not remembered`() throws {
        struct Stop: Error {}
        let hold = try place(.credit("1000", 600), .debit("5000", 600))
        let before = try book.contents()
        #expect(throws: Stop.self) {
            try book.write {
                _ = try $0.captureHold(
                    Capture(hold: hold.id, kind: "sale", effectiveOn: .of("2026-01-16"), actor: book.user))
                throw Stop()
            }
        }
        #expect(try book.contents() == before)
        _ = try capture(hold)
        #expect(try balance("1000").available.minor == 400)
    }
}
