import Core
import Testing

@testable import Ledger

@Suite struct SeriesTests {
    let book: Book

    init() throws {
        book = try Book()
        try book.write { ledger in
            try ledger.defineSeries(
                NewSeries(name: "invoice", format: NumberFormat("INV-{year}-{seq:6}"), reset: .year), actor: book.user)
        }
    }

    private func next(_ date: String = "2026-01-15", series: String = "invoice", expecting: Int64? = nil) throws -> String {
        try book.write {
            try $0.nextNumber(series: series, date: .of(date), expecting: expecting, actor: book.user).text
        }
    }

    @Test func `numbers run without a gap and start again each year`() throws {
        #expect(try (0..<3).map { _ in try next() } == ["INV-2026-000001", "INV-2026-000002", "INV-2026-000003"])
        #expect(try next("2027-01-01") == "INV-2027-000001")
        #expect(try next("2026-12-31") == "INV-2026-000004")
    }

    @Test func `looking at the next number does not take it`() throws {
        let seen = try (0..<3).map { _ in try book.read { try $0.peekNumber(series: "invoice", date: .of("2026-01-15")).text } }
        #expect(Set(seen) == ["INV-2026-000001"])
        #expect(try next() == "INV-2026-000001")
        #expect(try book.read { try $0.peekNumber(series: "invoice", date: .of("2026-01-15")).value } == 2)
    }

    @Test func `a number that was rolled back is given again`() throws {
        struct Stop: Error {}
        _ = try next()
        let before = try book.contents()
        #expect(throws: Stop.self) {
            try book.write { ledger in
                _ = try ledger.nextNumber(series: "invoice", date: .of("2026-01-15"), actor: book.user)
                throw Stop()
            }
        }
        #expect(try book.contents() == before)
        #expect(try next() == "INV-2026-000002")
    }

    @Test func `the next number moves forward only, and the old stretch ends`() throws {
        _ = try next()
        _ = try next()
        for asked in [Int64(1), 2, 3] {
            let error = try book.expectRefusal("ledger.series_not_forward") {
                try $0.adjustSeries("invoice", date: .of("2026-01-15"), next: asked, reason: "x", actor: book.user)
            }
            #expect(error == .seriesNotForward("invoice", next: 3, asked: asked))
        }
        try book.write {
            try $0.adjustSeries("invoice", date: .of("2026-01-15"), next: 500, reason: "old system", actor: book.user)
        }
        #expect(try next() == "INV-2026-000500")
        let segments = try book.read { try $0.segments(of: "invoice") }
        #expect(segments.map(\.first) == [1, 500])
        #expect(segments.map(\.next) == [3, 501])
        #expect(segments.map(\.isOpen) == [false, true])
    }

    @Test func `a series can be moved before its first number`() throws {
        try book.write {
            try $0.adjustSeries("invoice", date: .of("2026-01-15"), next: 100, reason: "start", actor: book.user)
        }
        #expect(try next() == "INV-2026-000100")
    }

    @Test func `books that went back in time give no number again`() throws {
        let former = [
            OpenSegment(series: "invoice", branch: nil, period: "2026", next: 8),
            OpenSegment(series: "invoice", branch: nil, period: "2025", next: 4),
            OpenSegment(series: "unknown", branch: nil, period: "", next: 9),
            OpenSegment(series: "invoice", branch: 3, period: "2026", next: 99),
        ]
        _ = try next("2026-01-05")
        let moved = try book.write { try $0.recordLostRanges(since: former, reason: "restored", actor: book.user) }
        #expect(moved == Array(former.prefix(2)))
        #expect(try next("2026-01-06") == "INV-2026-000008")
        #expect(try next("2025-12-31") == "INV-2025-000004")
        // Once more changes nothing: these books have come as far.
        #expect(try book.write { try $0.recordLostRanges(since: former, reason: "restored", actor: book.user) } == [])
        #expect(try book.read { try $0.openSegments() }.map(\.next).sorted().suffix(2) == [5, 9])
        #expect(try book.read { try $0.verify().problems } == [])
    }

    @Test func `a new format begins a new stretch of the same count`() throws {
        _ = try next()
        _ = try next("2025-12-31")
        try book.write {
            try $0.setFormat(series: "invoice", NumberFormat("R{year}/{seq:4}"), reason: "shorter", actor: book.user)
        }
        #expect(try next() == "R2026/0002")
        #expect(try next("2025-12-31") == "INV-2025-000002")  // that year is over
        #expect(try next("2027-01-01") == "R2027/0001")
        #expect(
            try book.read { try $0.segments(of: "invoice").map(\.format) } == [
                "INV-{year}-{seq:6}", "INV-{year}-{seq:6}", "R{year}/{seq:4}", "R{year}/{seq:4}",
            ])
        #expect(try book.read { try $0.verify().problems } == [])
    }

    @Test func `each branch counts by itself`() throws {
        try book.write { ledger in
            try ledger.defineSeries(
                NewSeries(name: "receipt", format: NumberFormat("{branch}-{seq:3}"), isBranched: true), actor: book.user)
        }
        let numbers = try [(Int64(1), "ACC"), (2, "LON"), (1, "ACC")].map { branch, code in
            try book.write {
                try $0.nextNumber(series: "receipt", branch: branch, branchCode: code, date: .of("2026-01-15"), actor: book.user).text
            }
        }
        #expect(numbers == ["ACC-001", "LON-001", "ACC-002"])
        try book.expectRefusal("ledger.invalid") {
            _ = try $0.nextNumber(series: "receipt", date: .of("2026-01-15"), actor: book.user)
        }
    }

    @Test func `a number from elsewhere must be the next one`() throws {
        #expect(try next(expecting: 1) == "INV-2026-000001")
        let error = try book.expectRefusal("ledger.sequence_blocked") {
            _ = try $0.nextNumber(series: "invoice", date: .of("2026-01-15"), expecting: 3, actor: book.user)
        }
        #expect(error == .sequenceBlocked("invoice", next: 2, given: 3))
        try book.write {
            try $0.recordLostRange(
                series: "invoice", date: .of("2026-01-15"), through: 2, reason: "till was stolen", actor: book.user)
        }
        #expect(try next(expecting: 3) == "INV-2026-000003")
    }

    @Test func `a dated series does not go back in time`() throws {
        try book.write { ledger in
            try ledger.defineSeries(NewSeries(name: "fiscal", format: NumberFormat("F{seq}"), isDated: true), actor: book.user)
        }
        _ = try next("2026-01-15", series: "fiscal")
        try book.expectRefusal("ledger.series_dated") {
            _ = try $0.nextNumber(series: "fiscal", date: .of("2026-01-14"), actor: book.user)
        }
        #expect(try next("2026-01-15", series: "fiscal") == "F2")
    }

    @Test func `a definition whose numbers would repeat is refused`() throws {
        for (format, reset, branched) in [
            ("A{seq}", SeriesReset.year, false), ("A{year}{seq}", .month, false), ("A{year}{month}{seq}", .day, false),
            ("A{seq}", .never, true),
        ] {
            try book.expectRefusal("ledger.invalid") {
                try $0.defineSeries(
                    NewSeries(name: "s", format: NumberFormat(format), reset: reset, isBranched: branched), actor: book.user)
            }
        }
        try book.expectRefusal("ledger.series_exists") {
            try $0.defineSeries(NewSeries(name: "invoice", format: NumberFormat("{seq}")), actor: book.user)
        }
        try book.expectRefusal("ledger.series_unknown") {
            _ = try $0.nextNumber(series: "nope", date: .of("2026-01-15"), actor: book.user)
        }
    }
}
