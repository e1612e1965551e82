/// A POSIX `TZ` text such as `EST5EDT,M3.2.0,M11.1.0`: what holds after a zone's last listed transition.
struct TimeZoneRule: Sendable {
    private let standard: TimeZoneData.Period
    private let saving: Saving?

    private struct Saving: Sendable {
        let period: TimeZoneData.Period
        let start: Change
        let end: Change
    }

    /// A day of each year, and a wall-clock time of it in seconds, which may lie outside the day.
    private struct Change: Sendable {
        enum Day: Sendable {
            /// Month 1...12, week 1...5 (5 is the last), weekday 0...6 from Sunday.
            case weekday(month: Int, week: Int, day: Int)
            /// 1...365, 29 February never counted.
            case julian(Int)
            /// 0...365, 29 February counted.
            case ordinal(Int)
        }

        let day: Day
        let second: Int

        /// As seconds since 1970 on the wall clock that shows it.
        func local(in year: Int) -> Int64 {
            let january = CalendarDate.dayNumber(year, 1, 1)
            let dayNumber: Int
            switch day {
            case .julian(let number):
                dayNumber = january + number - 1 + (number >= 60 && CalendarDate.isLeap(year) ? 1 : 0)
            case .ordinal(let number): dayNumber = january + number
            case .weekday(let month, let week, let weekday):
                let first = CalendarDate.dayNumber(year, month, 1)
                let firstWeekday = ((first + 4) % 7 + 7) % 7  // 1970-01-01 was a Thursday
                var candidate = first + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
                if candidate >= first + CalendarDate.days(inMonth: month, ofYear: year) { candidate -= 7 }
                dayNumber = candidate
            }
            return Int64(dayNumber) * 86_400 + Int64(second)
        }
    }

    func period(at second: Int64) -> TimeZoneData.Period {
        guard let saving else { return standard }
        let local = second + Int64(standard.offsetSeconds)
        let day = Int((local >= 0 ? local : local - 86_399) / 86_400)
        let year = CalendarDate.civil(day).year
        let start = saving.start.local(in: year) - Int64(standard.offsetSeconds)
        let end = saving.end.local(in: year) - Int64(saving.period.offsetSeconds)
        let isSaving = start < end ? start <= second && second < end : !(end <= second && second < start)
        return isSaving ? saving.period : standard
    }

    init?(_ text: String) {
        var reader = Reader(text)
        guard let name = reader.name(), let offset = reader.offset() else { return nil }
        standard = TimeZoneData.Period(offsetSeconds: -offset, isDaylightSaving: false, abbreviation: name)
        if reader.isAtEnd {
            saving = nil
            return
        }
        guard let savingName = reader.name() else { return nil }
        var savingOffset = offset - 3600
        if !reader.isNext(",") {
            guard let own = reader.offset() else { return nil }
            savingOffset = own
        }
        guard let start = reader.change(), let end = reader.change(), reader.isAtEnd else { return nil }
        saving = Saving(
            period: TimeZoneData.Period(offsetSeconds: -savingOffset, isDaylightSaving: true, abbreviation: savingName),
            start: start, end: end)
    }

    private struct Reader {
        private var rest: Substring.UTF8View

        init(_ text: String) { rest = Substring(text).utf8 }

        var isAtEnd: Bool { rest.isEmpty }

        func isNext(_ character: Unicode.Scalar) -> Bool { rest.first == UInt8(ascii: character) }

        mutating func accept(_ character: Unicode.Scalar) -> Bool {
            guard isNext(character) else { return false }
            rest.removeFirst()
            return true
        }

        /// Three or more letters, or anything between angle brackets.
        mutating func name() -> String? {
            let isQuoted = accept("<")
            let letters = rest.prefix { isQuoted ? $0 != UInt8(ascii: ">") : (0x41...0x5A).contains($0 & 0xDF) }
            rest = rest.dropFirst(letters.count)
            guard letters.count >= 3, !isQuoted || accept(">") else { return nil }
            return String(Substring(letters))
        }

        mutating func number(_ range: ClosedRange<Int>) -> Int? {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(digits.count)
            guard let value = Int(Substring(digits)), range.contains(value) else { return nil }
            return value
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func offset() -> Int? {
            let isNegative = accept("-")
            if !isNegative { _ = accept("+") }
            guard let hours = number(0...167) else { return nil }
            var seconds = hours * 3600
            if accept(":") {
                guard let minutes = number(0...59) else { return nil }
                seconds += minutes * 60
                if accept(":") {
                    guard let rest = number(0...59) else { return nil }
                    seconds += rest
                }
            }
            return isNegative ? -seconds : seconds
        }

        /// `,Mm.w.d[/time]`, `,Jn[/time]` or `,n[/time]`.
        mutating func change() -> Change? {
            guard accept(","), let day = day() else { return nil }
            guard accept("/") else { return Change(day: day, second: 2 * 3600) }
            return offset().map { Change(day: day, second: $0) }
        }

        private mutating func day() -> Change.Day? {
            if accept("J") { return number(1...365).map { .julian($0) } }
            guard accept("M") else { return number(0...365).map { .ordinal($0) } }
            guard let month = number(1...12), accept("."), let week = number(1...5), accept("."),
                let day = number(0...6)
            else { return nil }
            return .weekday(month: month, week: week, day: day)
        }
    }
}
