/// Why a date, month or instant could not be made. Published codes are under `problem`.
package enum CalendarError: Error, Sendable, Equatable {
    /// Text that is not of the expected shape, or a day that does not exist.
    case invalidDate(String)
    case invalidMonth(String)
    case invalidInstant(String)
    /// A result outside the years 0001 to 9999.
    case outOfRange
    case unknownTimeZone(String)
    /// A cron line, and what is wrong with it.
    case invalidCron(String, String)
}

extension CalendarError: ProblemConvertible {
    package var code: String {
        switch self {
        case .invalidDate: "calendar.invalid_date"
        case .invalidMonth: "calendar.invalid_month"
        case .invalidInstant: "calendar.invalid_instant"
        case .outOfRange: "calendar.out_of_range"
        case .unknownTimeZone: "calendar.unknown_time_zone"
        case .invalidCron: "calendar.invalid_cron"
        }
    }

    package var problem: Problem {
        switch self {
        case .invalidDate(let text):
            Problem(422, code, "\"\(text.prefix(40))\" is not a date; write it like \"2026-01-05\".")
        case .invalidMonth(let text):
            Problem(422, code, "\"\(text.prefix(40))\" is not a month; write it like \"2026-01\".")
        case .invalidInstant(let text):
            Problem(422, code, "\"\(text.prefix(40))\" is not a time; write it like \"2026-01-05T09:30:00Z\".")
        case .outOfRange: Problem(422, code, "The date is outside the years 0001 to 9999.")
        case .unknownTimeZone(let name):
            Problem(422, code, "\"\(name.prefix(60))\" is not a time zone; use a name such as Africa/Accra.")
        case .invalidCron(let text, let reason):
            Problem(422, code, "The cron line \"\(text.prefix(100))\" \(reason). Write it like \"30 6 * * mon-fri\".")
        }
    }
}

/// Days of the week, numbered as in ISO 8601.
package enum Weekday: Int, Sendable, CaseIterable {
    case monday = 1, tuesday, wednesday, thursday, friday, saturday, sunday
}

/// A day of the Gregorian calendar, 0001-01-01 to 9999-12-31, without a time zone.
package struct CalendarDate: Hashable, Sendable {
    /// Days since 1970-01-01.
    package let dayNumber: Int32

    static let dayNumbers: ClosedRange<Int> = -719_162...2_932_896

    package init(dayNumber: Int) throws(CalendarError) {
        guard Self.dayNumbers.contains(dayNumber) else { throw .outOfRange }
        self.dayNumber = Int32(dayNumber)
    }

    package init(year: Int, month: Int, day: Int) throws(CalendarError) {
        guard (1...9999).contains(year), (1...12).contains(month),
            (1...Self.days(inMonth: month, ofYear: year)).contains(day)
        else { throw .invalidDate("\(year)-\(month)-\(day)") }
        dayNumber = Int32(Self.dayNumber(year, month, day))
    }

    /// Reads "2026-01-05" and nothing else.
    package init(_ iso: String) throws(CalendarError) {
        var text = iso
        guard let date = text.withUTF8({ Self.read($0) }) else { throw .invalidDate(iso) }
        self = date
    }

    package init?(utf8: UnsafeBufferPointer<UInt8>) {
        guard let date = Self.read(utf8) else { return nil }
        self = date
    }

    private static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> CalendarDate? {
        let dash = UInt8(ascii: "-")
        guard bytes.count == 10, bytes[4] == dash, bytes[7] == dash,
            let year = Digits.read(bytes, at: 0, count: 4), let month = Digits.read(bytes, at: 5, count: 2),
            let day = Digits.read(bytes, at: 8, count: 2)
        else { return nil }
        return try? CalendarDate(year: year, month: month, day: day)
    }

    package var year: Int { civil.year }
    package var month: Int { civil.month }
    package var day: Int { civil.day }

    package var weekday: Weekday {
        let index = (Int(dayNumber) + 3) % 7  // 1970-01-01 was a Thursday
        return Weekday.allCases[index < 0 ? index + 7 : index]
    }

    package var calendarMonth: CalendarMonth {
        let civil = civil
        return CalendarMonth(checked: civil.year, civil.month)
    }

    package func adding(days: Int) throws(CalendarError) -> CalendarDate {
        let (sum, overflow) = Int(dayNumber).addingReportingOverflow(days)
        guard !overflow else { throw .outOfRange }
        return try CalendarDate(dayNumber: sum)
    }

    /// The same day so many months on, or the month's last day where it is shorter: 31 January + 1 is
    /// 28 or 29 February.
    package func adding(months: Int) throws(CalendarError) -> CalendarDate {
        let civil = civil
        let month = try CalendarMonth(checked: civil.year, civil.month).adding(months: months)
        let day = min(civil.day, Self.days(inMonth: month.month, ofYear: month.year))
        return try CalendarDate(year: month.year, month: month.month, day: day)
    }

    /// Negative when `other` is earlier.
    package func days(until other: CalendarDate) -> Int { Int(other.dayNumber) - Int(dayNumber) }

    package static func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    package static func days(inMonth month: Int, ofYear year: Int) -> Int {
        month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }
}

extension CalendarDate: Comparable {
    package static func < (left: CalendarDate, right: CalendarDate) -> Bool { left.dayNumber < right.dayNumber }
}

extension CalendarDate: CustomStringConvertible {
    /// "2026-01-05".
    package var description: String {
        let civil = civil
        return String(unsafeUninitializedCapacity: 10) { buffer in
            Digits.write(civil.year, width: 4, to: buffer, at: 0)
            buffer[4] = UInt8(ascii: "-")
            Digits.write(civil.month, width: 2, to: buffer, at: 5)
            buffer[7] = UInt8(ascii: "-")
            Digits.write(civil.day, width: 2, to: buffer, at: 8)
            return 10
        }
    }
}

// MARK: Civil days
// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil, civil_from_days).

extension CalendarDate {
    static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func civil(_ dayNumber: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private var civil: (year: Int, month: Int, day: Int) { Self.civil(Int(dayNumber)) }
}
