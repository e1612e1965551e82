import Core
import Storage

@testable import Ledger

extension Book {
    static let key = try! SigningKey(rawBytes: [UInt8](repeating: 7, count: 32))

    /// A book with a row of every kind in every table.
    static func rich() throws -> (Book, Checkpoint) {
        let book = try Book()
        let user = book.user
        func at(_ date: String) throws -> CalendarDate { try CalendarDate(date) }
        try book.write { ledger in
            try ledger.openSubaccount(control: "1200", key: "c1", name: "Ama Mensah", limit: .overdraft(5000), actor: user)
            try ledger.openSubaccount(control: "1200", key: "c2", name: "Kofi Badu", actor: user)
            try ledger.openAccount(
                NewAccount(
                    code: "1500", name: "Dollars", kind: .asset, currency: Currency("USD"), openedOn: at("2025-12-01")),
                actor: user)
            try ledger.openAccount(NewAccount(code: "3900", name: "Conversion", kind: .equity, currency: Currency("USD")), actor: user)
            try ledger.defineSeries(
                NewSeries(name: "invoice", format: NumberFormat("INV-{year}-{seq:6}"), reset: .year), actor: user)
            try ledger.defineSeries(
                NewSeries(name: "receipt", format: NumberFormat("{branch}-{seq:4}"), isBranched: true, isDated: true), actor: user)
        }
        try book.post("2025-12-03", .debit("1000", 50_000), .credit("3000", 50_000))
        try book.post("2025-12-20", .debit("5000", 700), .credit("1000", 700))
        try book.write { ledger in
            for n in 1...3 {
                let number = try ledger.nextNumber(
                    series: "invoice", date: at("2026-01-0\(n)"), document: EntrySource(type: "sales", id: Int64(n)), actor: user)
                try ledger.post(
                    NewEntry(
                        kind: "sale", effectiveOn: at("2026-01-0\(n)"), actor: user,
                        lines: [
                            NewLine("1200:c1", .debit, 1200, branch: 2, dimensions: ["group": "A"]), .credit("4000", 1000),
                            .credit("2100", 200),
                        ], memo: "\(number.text) for Ama", source: EntrySource(type: "sales", id: Int64(n)),
                        rulesVersion: "tax@1", idempotencyKey: "sale-\(n)"))
            }
            _ = try ledger.nextNumber(series: "receipt", branch: 1, branchCode: "ACC", date: at("2026-01-03"), actor: user)
            try ledger.reverse(entry: 5, effectiveOn: at("2026-01-04"), reason: "wrong customer", actor: user)
            var refund = try book.entry("2026-01-05", [.debit("4000", 100), .credit("1200:c1", 100)], kind: "refund")
            refund.corrects = 3
            try ledger.post(refund)
            try ledger.adjustSeries("invoice", date: at("2026-01-06"), next: 100, reason: "gap", actor: user)
        }
        try book.post("2026-01-06", .credit("1100", 15_200), .debit("1000", 15_200), .debit("1500", 1000), .credit("3900", 1000))
        try book.write { ledger in
            let holds = try (1...4).map { n in
                try ledger.placeHold(
                    NewHold(
                        kind: "reservation", effectiveOn: at("2026-01-07"),
                        expiresAt: n == 4 ? book.clock.now().adding(seconds: 5) : nil,
                        source: EntrySource(type: "orders", id: Int64(n)), actor: user,
                        lines: [NewLine("1000", .credit, 400, branch: 1, dimensions: ["n": 1]), .debit("2000", 400)]))
            }
            try ledger.captureHold(
                Capture(
                    hold: holds[0].id, lines: [.init(line: 1, amount: 100), .init(line: 2, amount: 100)], kind: "sale",
                    effectiveOn: at("2026-01-08"), actor: user))
            try ledger.captureHold(
                Capture(
                    hold: holds[1].id, lines: [.init(line: 1, amount: 300), .init(line: 2, amount: 300)], isFinal: true,
                    kind: "sale", effectiveOn: at("2026-01-08"), actor: user))
            try ledger.voidHold(holds[2].id, reason: "cancelled", actor: user)
        }
        book.clock.advance(milliseconds: 10_000)
        try book.write { ledger in
            try ledger.expireHolds(actor: user)
            try ledger.closePeriod(CalendarMonth("2025-12"), reason: "month end", actor: user)
            try ledger.closePeriod(CalendarMonth("2026-01"), actor: user)
            try ledger.addException(
                CalendarMonth("2026-01"), for: 9, from: book.clock.now(), until: book.clock.now().adding(seconds: 60),
                reason: "auditor", actor: user)
            var late = try book.entry("2026-01-31", [.debit("5000", 10), .credit("1000", 10)])
            late.actor = LedgerActor(id: 9, label: "token")
            try ledger.post(late)
            try ledger.lockPeriod(CalendarMonth("2025-12"), reason: "return filed", actor: user)
            try ledger.freeze("1100", side: .credit, reason: "bank asked", actor: user)
            try ledger.setLimit("1200:c2", .noOverdraft, reason: "new customer", actor: user)
            try ledger.renameAccount("1200:c1", name: "Ama Owusu", actor: user)
            try ledger.eraseAccountName("1200:c2", reason: "asked for it", actor: user)
            try ledger.eraseMemo(entry: 4, reason: "asked for it", actor: user)
            try ledger.foldDays(through: 6)
        }
        try book.write { ledger in
            let source = try ledger.defineReconciliationSource(
                name: "GCB 1441", account: "1100", from: at("2026-01-01"), opening: 0, actor: user)
            _ = try ledger.importStatement(
                [
                    NewStatementLine(bookedOn: try at("2026-01-07"), amount: -15_200, externalID: "T1", reference: "Ama Owusu", balance: -15_200),
                    NewStatementLine(bookedOn: try at("2026-01-08"), amount: -50, details: "Charge"),
                    NewStatementLine(bookedOn: try at("2026-01-08"), amount: 50, details: "Charge, taken back"),
                ], of: source.id, actor: user)
            let bank = EntryLineReference(entry: 8, line: 1)
            try ledger.match([1], with: [bank], of: source.id, kind: .amount, actor: user)
            try ledger.unmatch(1, reason: "looked again", actor: user)
            try ledger.match([1], with: [bank], of: source.id, actor: user)
            try ledger.match([2, 3], with: [], of: source.id, actor: user)
            _ = try ledger.closeReconciliation(of: source.id, asOf: at("2026-01-10"), statementBalance: -15_200, actor: user)
        }
        let checkpoint = try book.write { try $0.checkpoint(sign: key) }
        try book.post("2026-02-01", .debit("1000", 5), .credit("3000", 5))
        return (book, checkpoint)
    }

    /// Lets the body break the books by hand, runs `verify`, and undoes it all.
    func tampered(_ body: (Connection) throws -> Void) throws -> [VerifyProblem] { try tampered(full: true, body) }
    func tamperedQuickly(_ body: (Connection) throws -> Void) throws -> [VerifyProblem] { try tampered(full: false, body) }

    private func tampered(full: Bool, _ body: (Connection) throws -> Void) throws -> [VerifyProblem] {
        struct Undo: Error {}
        db.authorize(nil)
        defer { db.authorize(LedgerTables.keepsHistory) }
        try db.execute(script: "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON")
        var problems: [VerifyProblem] = []
        do {
            try db.transaction {
                for trigger in try db.query(SQL("SELECT name FROM sqlite_schema WHERE type = 'trigger'"), row: { $0.text(0) }) {
                    try db.run(SQL("DROP TRIGGER \(trigger)"))
                }
                try body(db)
                problems = try Ledger(db, clock: clock).verify(full: full).problems
                throw Undo()
            }
        } catch is Undo {}
        try db.execute(script: "PRAGMA foreign_keys=ON; PRAGMA ignore_check_constraints=OFF")
        return problems
    }
}
