import Core
import Testing

@testable import Ledger

/// LG-45. The digests were computed by a program in another language from the description in `CanonicalBytes`.
@Suite struct ChainTests {
    private let book = [UInt8](0..<16)
    private var genesis: [UInt8] { Leaf.genesis(book: book) }

    private func event() -> [UInt8] {
        var bytes = CanonicalBytes()
        return Leaf.event(
            EventRecord(
                id: 1, afterEntry: 0, kind: "account.opened", subject: 5, payload: "{\"code\":\"1000\"}",
                actor: LedgerActor(id: 3, label: "user"), reason: nil, recordedAt: "2026-01-05T09:30:00.123Z"),
            previous: genesis, into: &bytes)
    }

    private func digest(_ record: EntryRecord, _ lines: [LineRecord], after previous: [UInt8]) -> [UInt8] {
        var bytes = CanonicalBytes()
        Leaf.beginEntry(record, lineCount: lines.count, previous: previous, into: &bytes)
        for line in lines { Leaf.line(line, into: &bytes) }
        return bytes.digest()
    }

    private func small() -> [UInt8] {
        let record = EntryRecord(
            id: 1, kind: "sale", effectiveOn: "2026-01-05", recordedAt: "2026-01-05T09:30:00.123Z", actorID: 3, actor: "user")
        let lines = [LineRecord(account: 5, debit: 12_000, credit: 0), LineRecord(account: 6, debit: 0, credit: 12_000)]
        return digest(record, lines, after: event())
    }

    @Test func `leaves have these bytes for ever`() {
        #expect(Digest.hex(genesis) == "11f1ebd9500537a9f5f97eff72d141c27fc75a435c995034803e7e6589f4c908")
        let memo = Leaf.privateText("Sale 17 é", salt: [UInt8](repeating: 1, count: 16))
        #expect(Digest.hex(memo) == "52791375fd3c124c7057328cbc41fa290f379cca671ad5b3c558c345f67bc97a")
        #expect(Digest.hex(event()) == "dbf258b767ed2ae910df1889cbede4516ae2c6cf4d56aefd1ee7f64672a7f534")
        #expect(Digest.hex(small()) == "aa3b79257c75f78b9d1521e733e42dfacdcee7c843236291efea0f353cd9cac2")
        let full = digest(
            EntryRecord(
                id: 2, kind: "sale", effectiveOn: "2026-01-06", recordedAt: "2026-01-05T09:30:00.124Z",
                sourceType: "pos_sales", sourceID: 17, actorID: 3, actor: "user", rulesVersion: "tax@3", reverses: 1,
                corrects: 1, hold: 9, exception: 4, idempotencyKey: "k-1", memoDigest: memo),
            [
                LineRecord(account: 5, debit: 12_000, credit: 0, branch: 2, dimensions: "{\"till\":\"T1\"}"),
                LineRecord(account: 6, debit: 0, credit: 10_000), LineRecord(account: 7, debit: 0, credit: 2000),
            ], after: small())
        #expect(Digest.hex(full) == "ae4b27315e4a58391ef9b8dd16fd2fcad3fae2ce70e9065de4e6c614269f7da1")
        let message = Checkpoint.message(
            book: book, entry: 2, event: 1, head: full, takenAt: try! Instant("2026-01-05T10:00:00Z"))
        #expect(Digest.hex(Digest.sha256(message)) == "e2ae34709fb800faddf706e1a1cd619b65abbc03a505cc00c8e79f71957fd98b")
    }

    @Test func `each leaf builds on the one before, entry or event`() throws {
        let book = try Book()
        let first = try book.post("2026-01-05", .debit("1000", 1), .credit("3000", 1))
        let events = try book.db.query(.init("SELECT digest FROM ledger_events ORDER BY id DESC LIMIT 1")) { $0.bytes(0) }
        #expect(first.digest != events[0])
        try book.write { try $0.freeze("1100", reason: "x", actor: book.user) }
        let head = try Head.read(book.db)
        #expect(head.entry == 1)
        #expect(head.eventAfter == 1)
        #expect(head.digest == head.eventDigest)
        let second = try book.post("2026-01-05", .debit("1000", 1), .credit("3000", 1))
        #expect(try Head.read(book.db).digest == second.digest)
        // The same request on another day of the chain is another leaf.
        #expect(first.digest != second.digest)
    }

    @Test func `two books with the same rows have different chains`() throws {
        let digests = try (0..<2).map { _ in
            try Book().post("2026-01-05", .debit("1000", 1), .credit("3000", 1)).digest
        }
        #expect(digests[0] != digests[1])
    }
}
