import Core
import Testing

@Suite struct CronLineTests {
    private func times(_ line: String, _ zone: String, from start: String, count: Int) throws -> [String] {
        let cron = try CronLine(line)
        let zone = try TimeZone(zone)
        var at = try Instant(start)
        var found: [String] = []
        while found.count < count, let next = cron.next(after: at, in: zone) {
            found.append(zone.local(next).description)
            at = next
        }
        return found
    }

    @Test(arguments: [
        ("0 3 * * *", ["2026-01-05T03:00:00", "2026-01-06T03:00:00"]),
        ("*/20 9-10 * * *", ["2026-01-05T09:00:00", "2026-01-05T09:20:00", "2026-01-05T09:40:00", "2026-01-05T10:00:00"]),
        ("15,45 8 * * mon-fri", ["2026-01-05T08:15:00", "2026-01-05T08:45:00", "2026-01-06T08:15:00"]),
        ("0 0 1 JAN,jul *", ["2026-07-01T00:00:00", "2027-01-01T00:00:00"]),
        ("0 0 31 * *", ["2026-01-31T00:00:00", "2026-03-31T00:00:00", "2026-05-31T00:00:00"]),
        ("0 12 29 2 *", ["2028-02-29T12:00:00", "2032-02-29T12:00:00"]),
        ("0 6 13 * fri", ["2026-01-09T06:00:00", "2026-01-13T06:00:00", "2026-01-16T06:00:00"]),
        ("0 6 * * 7", ["2026-01-11T06:00:00", "2026-01-18T06:00:00"]),
        ("10/25 7 * * *", ["2026-01-05T07:10:00", "2026-01-05T07:35:00", "2026-01-06T07:10:00"]),
        ("@monthly", ["2026-02-01T00:00:00", "2026-03-01T00:00:00"]),
    ])
    func `a line is due when it says`(line: String, expected: [String]) throws {
        #expect(try times(line, "Africa/Accra", from: "2026-01-04T23:59:59.999Z", count: expected.count) == expected)
    }

    @Test func `a due time is not due again at that instant`() throws {
        let at = try Instant("2026-01-05T03:00:00Z")
        #expect(try CronLine("0 3 * * *").next(after: at, in: .utc) == Instant("2026-01-06T03:00:00Z"))
    }

    @Test func `what the clocks jump over is due once, when they jump`() throws {
        // London, 29 March 2026: 01:00 becomes 02:00.
        let london = try TimeZone("Europe/London")
        let line = try CronLine("*/15 1 * * *")
        let found = line.times(
            after: try Instant("2026-03-29T00:00:00Z"), through: try Instant("2026-03-30T00:05:00Z"), in: london, limit: 10)
        #expect(found.map(\.description) == ["2026-03-29T01:00:00.000Z", "2026-03-30T00:00:00.000Z"])
    }

    @Test func `what comes twice is due once, but every hour`() throws {
        // London, 25 October 2026: 02:00 becomes 01:00.
        let london = try TimeZone("Europe/London")
        let range = (try Instant("2026-10-24T23:45:00Z"), try Instant("2026-10-25T03:00:00Z"))
        func found(_ line: String) throws -> [String] {
            try CronLine(line).times(after: range.0, through: range.1, in: london, limit: 10).map { String($0.description.dropFirst(11).prefix(5)) }
        }
        #expect(try found("30 1 * * *") == ["00:30"])
        #expect(try found("0 * * * *") == ["00:00", "01:00", "02:00", "03:00"])
        #expect(try found("0 0-2 * * *") == ["00:00", "02:00"])
    }

    @Test func `a day that begins late is begun when it begins`() throws {
        // Cairo, 24 April 2026: 00:00 becomes 01:00; 29 October 2026: 24:00 becomes 23:00.
        #expect(
            try times("30 0,2 * * *", "Africa/Cairo", from: "2026-04-23T20:00:00Z", count: 3)
                == ["2026-04-24T01:00:00", "2026-04-24T02:30:00", "2026-04-25T00:30:00"])
        #expect(
            try times("30 23 * * *", "Africa/Cairo", from: "2026-10-29T12:00:00Z", count: 2)
                == ["2026-10-29T23:30:00", "2026-10-30T23:30:00"])
    }

    @Test func `the times around changes of the clocks agree with a slow search minute by minute`() throws {
        var chance = Seeded(20_260_105)
        for zoneName in ["Europe/London", "America/New_York", "Africa/Accra", "Australia/Lord_Howe"] {
            let zone = try TimeZone(zoneName)
            for _ in 0..<6 {
                // Hours are restricted, so that a wall clock's time is due once.
                let line = "\(chance.below(60)),\(chance.below(60)) \(chance.below(23))-23/\(1 + chance.below(5)) * * \(chance.below(3) == 0 ? "mon-sat" : "*")"
                let cron = try CronLine(line)
                let changes = ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"]
                let start = try Instant("\(changes[chance.below(6)])T00:00:00Z").adding(seconds: Int64(chance.below(1_440)) * 60 - 2 * 86_400)
                let end = start.adding(seconds: 4 * 86_400)
                let found = cron.times(after: start, through: end, in: zone, limit: 100_000)
                #expect(found == slow(cron, after: start, through: end, in: zone), "\(chance): \(line) in \(zoneName)")
            }
        }
    }

    /// Walks the wall clock: a minute is due when it is shown first, or jumped over.
    private func slow(_ cron: CronLine, after start: Instant, through end: Instant, in zone: TimeZone) -> [Instant] {
        var due: Set<Instant> = []
        var shown: Set<LocalDateTime> = []
        var at = start.adding(seconds: -2 * 86_400)
        var before: LocalDateTime?
        while at <= end {
            let local = zone.local(at)
            var minutes: [LocalDateTime] = [local]
            // Minutes between the last one shown and this one were jumped over.
            if let before, before < local {
                minutes = []
                var date = before.date
                var minute = before.hour * 60 + before.minute
                while true {
                    minute += 1
                    if minute == 1440 { (minute, date) = (0, (try? date.adding(days: 1)) ?? date) }
                    guard let next = try? LocalDateTime(date, hour: minute / 60, minute: minute % 60) else { break }
                    minutes.append(next)
                    if next >= local { break }
                }
            }
            for minute in minutes where shown.insert(minute).inserted && isDue(cron, minute) && at > start { due.insert(at) }
            before = local
            at = at.adding(seconds: 60)
        }
        return due.sorted()
    }

    /// Asks the line itself in a zone without changes, so that only the days and hours count.
    private func isDue(_ cron: CronLine, _ local: LocalDateTime) -> Bool {
        guard let at = try? Instant("\(local)Z") else { return false }
        return cron.next(after: at.adding(milliseconds: -1), in: .utc) == at
    }

    @Test(arguments: [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *",
        "* * * foo *", "1,,2 * * * *", "1- * * * *", "*/5/5 * * * *", "-1 * * * *", "0 0 30 feb *", "0 0 31 2,4,6 *", "@often", "١ * * * *",
    ])
    func `what is no cron line is refused`(text: String) {
        let error = #expect(throws: CalendarError.self) { try CronLine(text) }
        #expect(error?.code == "calendar.invalid_cron")
    }

    @Test func `a refusal names the field and what it may be`() {
        #expect(throws: CalendarError.invalidCron("* * * foo *", "month “foo” is not from 1 to 12 or jan to dec")) { try CronLine("* * * foo *") }
        #expect(throws: CalendarError.invalidCron("0 0 30 feb *", "is never due: no such month has a day 30")) { try CronLine("0 0 30 feb *") }
    }
}

extension Seeded {
    fileprivate mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
}
