import Core
import Testing

@Suite struct CalendarDateTests {
    @Test(arguments: ["2026-01-05", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"])
    func `dates are read and written`(text: String) throws {
        #expect(try CalendarDate(text).description == text)
    }

    @Test(arguments: [
        "2026-02-29", "1900-02-29", "2026-00-01", "2026-13-01", "2026-04-31", "2026-01-00", "0000-01-01", "2026-1-5",
        "2026-01-05Z", "20260105", "", "2026/01/05", "+026-01-01", "２026-01-0",
    ])
    func `other text is refused`(text: String) {
        #expect(throws: CalendarError.invalidDate(text)) { try CalendarDate(text) }
    }

    @Test func `days count on through every day of four centuries`() throws {
        var date = try CalendarDate("1899-12-31")
        let end = try CalendarDate("2301-01-01")
        while date < end {
            let next = try date.adding(days: 1)
            let isNewMonth = next.day == 1
            #expect(isNewMonth ? date.day == CalendarDate.days(inMonth: date.month, ofYear: date.year) : next.day == date.day + 1)
            #expect(next.weekday.rawValue == date.weekday.rawValue % 7 + 1)
            #expect(try CalendarDate(year: next.year, month: next.month, day: next.day) == next)
            date = next
        }
    }

    @Test func `known days`() throws {
        #expect(try CalendarDate("1970-01-01").dayNumber == 0)
        #expect(try CalendarDate("2026-01-05").weekday == .monday)
        #expect(try CalendarDate("1969-12-28").weekday == .sunday)
        #expect(try CalendarDate("2026-01-31").adding(months: 1).description == "2026-02-28")
        #expect(try CalendarDate("2024-03-31").adding(months: -1).description == "2024-02-29")
        #expect(try CalendarDate("2026-11-30").adding(months: 15).description == "2028-02-29")
        #expect(try CalendarDate("2026-01-05").days(until: CalendarDate("2025-12-31")) == -5)
        #expect(throws: CalendarError.outOfRange) { try CalendarDate("9999-12-31").adding(days: 1) }
        #expect(throws: CalendarError.outOfRange) { try CalendarDate("0001-01-31").adding(months: -1) }
        #expect(throws: CalendarError.outOfRange) { try CalendarDate("2026-01-01").adding(days: .max) }
    }
}

@Suite struct CalendarMonthTests {
    @Test func `months know their days`() throws {
        let month = try CalendarMonth("2024-02")
        #expect(month.firstDay.description == "2024-02-01")
        #expect(month.lastDay.description == "2024-02-29")
        #expect(try month.next.description == "2024-03")
        #expect(try CalendarMonth("2026-01").previous.description == "2025-12")
        #expect(try month.contains(CalendarDate("2024-02-29")))
        #expect(try !month.contains(CalendarDate("2024-03-01")))
        #expect(try CalendarMonth("2025-12") < CalendarMonth("2026-01"))
        #expect(throws: CalendarError.outOfRange) { try CalendarMonth("9999-12").next }
    }

    @Test(arguments: ["2026-13", "2026-00", "2026-1", "0000-01", "2026-011", "2026_01"])
    func `other text is refused`(text: String) {
        #expect(throws: CalendarError.invalidMonth(text)) { try CalendarMonth(text) }
    }
}

@Suite struct InstantTests {
    @Test(arguments: [
        ("2026-01-05T09:30:00Z", "2026-01-05T09:30:00.000Z"), ("2026-01-05T09:30:00.5Z", "2026-01-05T09:30:00.500Z"),
        ("2026-01-05T09:30:00.123456789Z", "2026-01-05T09:30:00.123Z"),
        ("2026-01-05T00:30:00+01:00", "2026-01-04T23:30:00.000Z"), ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ("2026-12-31T23:30:00-05:30", "2027-01-01T05:00:00.000Z"), ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    ])
    func `instants are read and written in UTC`(text: String, expected: String) throws {
        let instant = try Instant(text)
        #expect(instant.description == expected)
        #expect(try Instant(instant.description) == instant)
    }

    @Test(arguments: [
        "2026-01-05", "2026-01-05T09:30Z", "2026-01-05 09:30:00Z", "2026-01-05T24:00:00Z", "2026-01-05T09:60:00Z",
        "2026-01-05T09:30:60Z", "2026-01-05T09:30:00", "2026-01-05T09:30:00z", "2026-01-05T09:30:00.Z",
        "2026-01-05T09:30:00.1234567890Z", "2026-01-05T09:30:00+0100", "2026-02-30T09:30:00Z", "0001-01-01T00:00:00+01:00", "",
    ])
    func `other text is refused`(text: String) {
        #expect(throws: CalendarError.invalidInstant(text)) { try Instant(text) }
    }

    @Test func `arithmetic stops at the ends of the calendar`() throws {
        #expect(Instant(milliseconds: 0).adding(milliseconds: -1).description == "1969-12-31T23:59:59.999Z")
        #expect(Instant(milliseconds: 0).adding(seconds: .max) == .latest)
        #expect(Instant.latest.description == "9999-12-31T23:59:59.999Z")
        #expect(Instant.earliest.description == "0001-01-01T00:00:00.000Z")
        #expect(Instant(milliseconds: -1).utcDate.description == "1969-12-31")
    }

    @Test func `clocks tell the time`() throws {
        let manual = ManualClock(try Instant("2026-01-05T09:30:00Z"))
        manual.advance(milliseconds: 1500)
        #expect(manual.now().description == "2026-01-05T09:30:01.500Z")
        manual.set(try Instant("2025-01-01T00:00:00Z"))
        #expect(manual.now().description == "2025-01-01T00:00:00.000Z")
        #expect(SystemClock().now() > (try Instant("2024-01-01T00:00:00Z")))
        let first = monotonicNanoseconds()
        #expect(monotonicNanoseconds() >= first)
    }
}
