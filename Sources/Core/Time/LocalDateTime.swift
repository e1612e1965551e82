/// What a wall clock shows: a day and a time of it, in no zone.
package struct LocalDateTime: Hashable, Sendable {
    package let date: CalendarDate
    /// Milliseconds since the wall clock showed 00:00, 0..<86,400,000.
    package let millisecondOfDay: Int

    /// - Throws: `CalendarError.outOfRange`.
    package init(
        _ date: CalendarDate, hour: Int, minute: Int = 0, second: Int = 0, millisecond: Int = 0
    ) throws(CalendarError) {
        guard (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second),
            (0..<1000).contains(millisecond)
        else { throw .outOfRange }
        self.init(checked: date, ((hour * 60 + minute) * 60 + second) * 1000 + millisecond)
    }

    init(checked date: CalendarDate, _ millisecondOfDay: Int) {
        self.date = date
        self.millisecondOfDay = millisecondOfDay
    }

    package var hour: Int { millisecondOfDay / 3_600_000 }
    package var minute: Int { millisecondOfDay / 60_000 % 60 }
    package var second: Int { millisecondOfDay / 1000 % 60 }
    package var millisecond: Int { millisecondOfDay % 1000 }

    /// As if it were UTC.
    var millisecondsAsUTC: Int64 { Int64(date.dayNumber) * 86_400_000 + Int64(millisecondOfDay) }
}

extension LocalDateTime: Comparable {
    package static func < (left: LocalDateTime, right: LocalDateTime) -> Bool {
        left.millisecondsAsUTC < right.millisecondsAsUTC
    }
}

extension LocalDateTime: CustomStringConvertible {
    /// "2026-01-05T09:30:00".
    package var description: String {
        var text = "\(date)T"
        Digits.append(hour, width: 2, to: &text)
        text.append(":")
        Digits.append(minute, width: 2, to: &text)
        text.append(":")
        Digits.append(second, width: 2, to: &text)
        return text
    }
}
