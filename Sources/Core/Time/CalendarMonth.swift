/// A month of the Gregorian calendar, 0001-01 to 9999-12.
package struct CalendarMonth: Hashable, Sendable {
    package let year: Int
    package let month: Int

    package init(year: Int, month: Int) throws(CalendarError) {
        guard (1...9999).contains(year), (1...12).contains(month) else {
            throw .invalidMonth("\(year)-\(month)")
        }
        self.init(checked: year, month)
    }

    /// Reads "2026-01" and nothing else.
    package init(_ iso: String) throws(CalendarError) {
        var text = iso
        let parts = text.withUTF8 { bytes -> (Int, Int)? in
            guard bytes.count == 7, bytes[4] == UInt8(ascii: "-"),
                let year = Digits.read(bytes, at: 0, count: 4), let month = Digits.read(bytes, at: 5, count: 2)
            else { return nil }
            return (year, month)
        }
        guard let (year, month) = parts, (1...9999).contains(year), (1...12).contains(month) else {
            throw .invalidMonth(iso)
        }
        self.init(checked: year, month)
    }

    init(checked year: Int, _ month: Int) {
        self.year = year
        self.month = month
    }

    /// 28...31.
    package var dayCount: Int { CalendarDate.days(inMonth: month, ofYear: year) }
    package var firstDay: CalendarDate { date(1) }
    package var lastDay: CalendarDate { date(dayCount) }
    package var next: CalendarMonth { get throws(CalendarError) { try adding(months: 1) } }
    package var previous: CalendarMonth { get throws(CalendarError) { try adding(months: -1) } }

    package func contains(_ date: CalendarDate) -> Bool { date.calendarMonth == self }

    package func adding(months: Int) throws(CalendarError) -> CalendarMonth {
        let (index, overflow) = (year * 12 + month - 1).addingReportingOverflow(months)
        guard !overflow, (12..<120_000).contains(index) else { throw .outOfRange }
        return CalendarMonth(checked: index / 12, index % 12 + 1)
    }

    private func date(_ day: Int) -> CalendarDate {
        CalendarDate(checkedDayNumber: CalendarDate.dayNumber(year, month, day))
    }
}

extension CalendarDate {
    /// For day numbers that are known to be in range.
    init(checkedDayNumber: Int) { dayNumber = Int32(checkedDayNumber) }
}

extension CalendarMonth: Comparable {
    package static func < (left: CalendarMonth, right: CalendarMonth) -> Bool {
        (left.year, left.month) < (right.year, right.month)
    }
}

extension CalendarMonth: CustomStringConvertible {
    /// "2026-01".
    package var description: String {
        var text = ""
        Digits.append(year, width: 4, to: &text)
        text.append("-")
        Digits.append(month, width: 2, to: &text)
        return text
    }
}
