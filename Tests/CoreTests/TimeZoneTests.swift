import Core
import Testing

@Suite struct TimeZoneTests {
    @Test(arguments: [
        // The clocks of 2026 are in the files, those of 2045 follow from the rule in the footer.
        ("Africa/Accra", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00", "GMT"),
        ("Africa/Accra", "2045-07-01T12:00:00Z", "2045-07-01T12:00:00", "GMT"),
        ("Europe/London", "2026-03-29T00:59:59Z", "2026-03-29T00:59:59", "GMT"),
        ("Europe/London", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00", "BST"),
        ("Europe/London", "2026-10-25T00:59:59Z", "2026-10-25T01:59:59", "BST"),
        ("Europe/London", "2026-10-25T01:00:00Z", "2026-10-25T01:00:00", "GMT"),
        ("Europe/London", "2045-03-26T00:59:59Z", "2045-03-26T00:59:59", "GMT"),
        ("Europe/London", "2045-03-26T01:00:00Z", "2045-03-26T02:00:00", "BST"),
        ("Europe/London", "2045-10-29T01:00:00Z", "2045-10-29T01:00:00", "GMT"),
        ("America/New_York", "2026-03-08T06:59:59Z", "2026-03-08T01:59:59", "EST"),
        ("America/New_York", "2026-03-08T07:00:00Z", "2026-03-08T03:00:00", "EDT"),
        ("America/New_York", "2026-11-01T06:00:00Z", "2026-11-01T01:00:00", "EST"),
        ("America/New_York", "2045-03-12T07:00:00Z", "2045-03-12T03:00:00", "EDT"),
        ("America/New_York", "2045-11-05T05:59:59Z", "2045-11-05T01:59:59", "EDT"),
        ("America/New_York", "2045-11-05T06:00:00Z", "2045-11-05T01:00:00", "EST"),
        ("America/New_York", "1800-01-01T12:00:00Z", "1800-01-01T07:03:58", "LMT"),
        // South of the equator summer spans the new year; Ireland's winter time is the "saving" one.
        ("Australia/Sydney", "2045-01-01T00:00:00Z", "2045-01-01T11:00:00", "AEDT"),
        ("Australia/Sydney", "2045-07-01T00:00:00Z", "2045-07-01T10:00:00", "AEST"),
        ("Europe/Dublin", "2045-01-01T00:00:00Z", "2045-01-01T00:00:00", "GMT"),
        ("Europe/Dublin", "2045-07-01T00:00:00Z", "2045-07-01T01:00:00", "IST"),
        ("Asia/Kolkata", "2045-01-01T00:00:00Z", "2045-01-01T05:30:00", "IST"),
        ("UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "UTC"),
    ])
    func `wall clocks`(zone: String, instant: String, local: String, abbreviation: String) throws {
        let zone = try TimeZone(zone)
        let instant = try Instant(instant)
        #expect(zone.local(instant).description == local)
        #expect(zone.abbreviation(at: instant) == abbreviation)
        #expect(zone.date(of: instant).description == String(local.prefix(10)))
    }

    @Test(arguments: [2026, 2045])
    func `a time that the clocks jump over never comes`(year: Int) throws {
        let newYork = try TimeZone("America/New_York")
        let day = try CalendarDate(year == 2026 ? "2026-03-08" : "2045-03-12")
        let jump = try Instant("\(day)T07:00:00Z")
        for minute in [0, 30, 59] {
            #expect(try newYork.instants(of: LocalDateTime(day, hour: 2, minute: minute)) == .gap(jump))
        }
        #expect(try newYork.instants(of: LocalDateTime(day, hour: 3)) == .one(jump))
        #expect(
            try newYork.instants(of: LocalDateTime(day, hour: 1, minute: 59))
                == .one(jump.adding(seconds: -60)))
    }

    @Test(arguments: [2026, 2045])
    func `a time that the clocks go back over comes twice`(year: Int) throws {
        let london = try TimeZone("Europe/London")
        let day = try CalendarDate(year == 2026 ? "2026-10-25" : "2045-10-29")
        let first = try Instant("\(day)T00:30:00Z")
        #expect(
            try london.instants(of: LocalDateTime(day, hour: 1, minute: 30))
                == .two(earlier: first, later: first.adding(seconds: 3600)))
        #expect(try london.instants(of: LocalDateTime(day, hour: 2)) == .one(Instant("\(day)T02:00:00Z")))
    }

    @Test func `a day begins at its first instant, though midnight may be missing`() throws {
        let accra = try TimeZone("Africa/Accra")
        #expect(try accra.start(of: CalendarDate("2026-01-05")).description == "2026-01-05T00:00:00.000Z")
        let newYork = try TimeZone("America/New_York")
        #expect(try newYork.start(of: CalendarDate("2026-07-01")).description == "2026-07-01T04:00:00.000Z")
        // Beirut goes forward at midnight.
        let beirut = try TimeZone("Asia/Beirut")
        let start = try beirut.start(of: CalendarDate("2026-03-29"))
        #expect(beirut.local(start).description == "2026-03-29T01:00:00")
        #expect(beirut.date(of: start.adding(milliseconds: -1)).description == "2026-03-28")
    }

    @Test func `every instant is among the instants of its wall clock`() throws {
        var random = Seeded(9)
        for name in ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tehran"] {
            let zone = try TimeZone(name)
            for _ in 0..<400 {
                let instant = Instant(milliseconds: Int64.random(in: 0...4_000_000_000_000, using: &random))
                switch zone.instants(of: zone.local(instant)) {
                case .one(let found): #expect(found == instant, "\(random) \(name)")
                case .two(let earlier, let later): #expect([earlier, later].contains(instant), "\(random) \(name)")
                case .gap: Issue.record("\(random) \(name) \(instant)")
                }
            }
        }
    }

    @Test(arguments: ["Africa/Acra", "", "/etc/passwd", "../zoneinfo/UTC", "Europe/../UTC", "Europe", "tzdata.zi", "A//B", "zone1970.tab", "Europe/London\0"])
    func `what is no zone is refused`(name: String) {
        #expect(throws: CalendarError.unknownTimeZone(name)) { try TimeZone(name) }
    }
}
