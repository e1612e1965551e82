import Core
import Dispatch
import Glibc
import Storage
import Synchronization
import Testing

@testable import kontor

/// `kill -9` at random moments under a load of sales: what was answered is there once, nothing is there by half.
@Suite struct CrashTests {
    private static let callers = 8

    @Test func `after kills at random moments every answered sale is there once and the book is whole`() throws {
        let seed = environment("KONTOR_SEED").flatMap(UInt64.init) ?? UInt64.random(in: 1...UInt64.max)
        let rounds = environment("KONTOR_LONG") == nil ? 25 : 250
        print("crash test: KONTOR_SEED=\(seed), \(rounds) rounds")
        var chance = SeededChance(seed)

        let data = try Kontor.demoData()
        var book = Answers()
        for round in 1...rounds {
            let server = try RunningServer(data.path)
            try book.settle(server, chance: &chance)
            let report = try server.caller().ask("POST", "/api/ledger/verify", [:])
            try #require(report["ok"] == true, "seed \(seed), round \(round): \(report.body)")
            let results = sellUntilKilled(server, round: round, after: 1 + chance.below(400), spin: chance.below(200_000))
            book.add(results)
        }

        let last = try RunningServer(data.path)
        try book.settle(last, chance: &chance)
        let report = try last.caller().ask("POST", "/api/ledger/verify", [:])
        #expect(report["ok"] == true, "seed \(seed): \(report.body)")
        let tenant = try last.demo.tenant("acme").id
        #expect(last.child.stop() == 0)
        #expect(book.answered.count >= rounds, "the load never got going")
        try Self.check("\(data.path)/tenants/\(tenant)/tenant.db", book, seed: seed)
    }

    /// Sells from eight connections; kills the server after so many answers.
    private func sellUntilKilled(_ server: RunningServer, round: Int, after answers: Int, spin: Int) -> [Attempt] {
        let attempts = Mutex<[Attempt]>([])
        let answered = DispatchSemaphore(value: 0)
        let crew = DispatchGroup()
        for number in 0..<Self.callers {
            guard let caller = try? server.caller(user: "cashier") else { continue }
            let seller = Seller(caller, name: "r\(round)-c\(number)")
            crew.enter()
            Thread.start(name: "seller", stackBytes: 1 << 20) {
                while let attempt = seller.sell() {
                    attempts.withLock { $0.append(attempt) }
                    if attempt.sale == nil { break }
                    answered.signal()
                }
                // Nobody may wait for what does not come.
                for _ in 0..<answers { answered.signal() }
                crew.leave()
            }
        }
        for _ in 0..<answers { answered.wait() }
        // Somewhere in the turn that follows, not always at its beginning.
        var idle = 0
        for step in 0..<spin { idle &+= step }
        server.child.send(idle == -1 ? 0 : SIGKILL)
        server.child.wait()
        crew.wait()
        return attempts.withLock { $0 }
    }

    private static func check(_ path: String, _ book: Answers, seed: UInt64) throws {
        let db = try Connection(path: path, mode: .reader)
        func number(_ sql: String) throws -> Int64 { try db.integer(SQL(sql)) }
        #expect(try db.text(SQL("PRAGMA integrity_check")) == "ok")

        let count = try number("SELECT count(*) FROM pos_sales")
        #expect(count == Int64(book.answered.count), "seed \(seed): \(count) sales for \(book.answered.count) keys")
        for (key, sale) in book.answered {
            let rows = try db.query(SQL("SELECT id, total_minor FROM pos_sales WHERE invoice_number = ?1"), sale.number) {
                ($0.int(0), $0.int(1))
            }
            #expect(rows.count == 1 && rows[0] == (sale.id, sale.total), "seed \(seed): \(key) was answered \(sale.number), found \(rows)")
        }
        // None by half.
        for (what, wanted, sql) in [
            ("lines", 2, "SELECT count(*) FROM pos_sale_lines WHERE parent_id = s.id"),
            ("payments", 1, "SELECT count(*) FROM pos_sale_payments WHERE parent_id = s.id"),
            ("taxes", 3, "SELECT count(*) FROM pos_sale_taxes WHERE parent_id = s.id"),
            ("movements", 2, "SELECT count(*) FROM catalog_stock_movements WHERE source_type = 'pos.sale' AND source_id = s.id"),
            ("entries", 1, "SELECT count(*) FROM ledger_entries WHERE source_type = 'pos.sale' AND source_id = s.id"),
        ] {
            let wrong = try number("SELECT count(*) FROM pos_sales s WHERE (\(sql)) <> \(wanted)")
            #expect(wrong == 0, "seed \(seed): \(wrong) sales without their \(wanted) \(what)")
        }
        // The series has no gap and no number twice.
        let distinct = try number("SELECT count(DISTINCT invoice_number) FROM pos_sales")
        let span = try number("SELECT max(CAST(substr(invoice_number, -6) AS INTEGER)) - min(CAST(substr(invoice_number, -6) AS INTEGER)) + 1 FROM pos_sales")
        #expect(distinct == count && span == count, "seed \(seed): \(count) sales, \(distinct) numbers over \(span)")
        // What is on hand is what the movements add up to.
        let off = try number(
            """
            SELECT count(*) FROM catalog_stock_levels l WHERE l.quantity <>
              (SELECT sum(m.quantity) FROM catalog_stock_movements m WHERE m.product_id = l.product_id AND m.branch_id = l.branch_id)
            """)
        #expect(off == 0, "seed \(seed): \(off) stock levels differ from their movements")
    }
}

/// One sale as it was answered.
struct AnsweredSale: Sendable, Equatable {
    var id: Int64
    var number: String
    var total: Int64
}

/// One try, and its answer; nil when there was none.
struct Attempt: Sendable {
    var key: String
    var sale: AnsweredSale?
}

/// What is known of every key that was sent.
struct Answers {
    private(set) var answered: [String: AnsweredSale] = [:]
    private var open: [String] = []

    mutating func add(_ attempts: [Attempt]) {
        for attempt in attempts {
            if let sale = attempt.sale { answered[attempt.key] = sale } else { open.append(attempt.key) }
        }
    }

    /// Sends what was not answered again, and some of what was: those must be answered as before.
    mutating func settle(_ server: RunningServer, chance: inout SeededChance) throws {
        let caller = try server.caller(user: "cashier")
        for key in open {
            let answer = try caller.ask("POST", "/api/sales", firstSale, key: key)
            try #require(answer.status == 201, "\(key): \(answer.body)")
            answered[key] = try #require(AnsweredSale(answer: answer) as AnsweredSale?)
        }
        open = []
        let keys = answered.keys.sorted()
        for _ in 0..<min(keys.count, 10) {
            let key = keys[chance.below(keys.count)]
            let answer = try caller.ask("POST", "/api/sales", firstSale, key: key)
            #expect(answer.status == 201 && AnsweredSale(answer: answer) == answered[key], "\(key) is answered differently now: \(answer.body)")
            #expect(answer.header("idempotency-replayed") == "true")
        }
    }
}

extension AnsweredSale {
    init?(answer: Caller.Answer) {
        guard let id = answer["id"]?.int, let number = answer["invoice_number"]?.string, let total = answer["total"]?.int else { return nil }
        self.init(id: id, number: number, total: total)
    }
}

/// Sells one after the other until nobody answers. Used by one thread.
private final class Seller: @unchecked Sendable {
    private let caller: Caller
    private let name: String
    private var count = 0

    init(_ caller: Caller, name: String) {
        self.caller = caller
        self.name = name
    }

    /// - Returns: nil for an answer that is a refusal, which ends the test with too few sales.
    func sell() -> Attempt? {
        count += 1
        let key = "\(name)-\(count)"
        guard let answer = try? caller.ask("POST", "/api/sales", firstSale, key: key) else { return Attempt(key: key) }
        guard answer.status == 201 else {
            Issue.record("\(key) was answered \(answer.status): \(answer.body)")
            return nil
        }
        return Attempt(key: key, sale: AnsweredSale(answer: answer))
    }
}

/// Chance that a seed repeats (SplitMix64).
struct SeededChance {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// 0 to `limit` - 1.
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
