/// When something recurs: five fields as in crontab(5), read on a wall clock of a zone.
///
///     minute (0-59)  hour (0-23)  day of month (1-31)  month (1-12 or jan-dec)  day of week (0-7 or sun-sat; 0 and 7 are Sunday)
///
/// Each field is `*`, a number, a range `a-b`, either with a step `/n`, or several of these between commas. Where both days
/// are restricted, one of the two is enough. `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` stand for their lines.
///
/// A time that the clocks jump over is due when they jump; of times that come twice only the first is due, except where the
/// hour is `*`: what recurs every hour does so in each of them.
package struct CronLine: Sendable, Hashable {
    /// As it was written.
    package let text: String
    private let minutes: UInt64
    private let hours: UInt64
    private let days: UInt64
    private let months: UInt64
    private let weekdays: UInt64
    /// Whether both days are restricted, so that either is enough.
    private let eitherDay: Bool

    private static let everyHour: UInt64 = (1 << 24) - 1
    private static let macros = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *",
    ]
    private static let monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    private static let weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// - Throws: `CalendarError.invalidCron` naming the field, and for a line that is never due, such as 30 February.
    package init(_ text: String) throws(CalendarError) {
        let fields = (Self.macros[text] ?? text).split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        guard text.utf8.count <= 200, fields.count == 5 else {
            throw .invalidCron(text, "has \(fields.count) field\(fields.count == 1 ? "" : "s"), not the five of minute, hour, day, month, weekday")
        }
        func read(_ index: Int, _ name: String, _ range: ClosedRange<Int>, _ names: [String] = [], first: Int = 0) throws(CalendarError) -> UInt64 {
            do throws(FieldError) {
                return try Field(range: range, names: names, firstNamed: first).read(fields[index])
            } catch {
                throw .invalidCron(text, "\(name) “\(fields[index])” \(error.message)")
            }
        }
        self.text = text
        minutes = try read(0, "minute", 0...59)
        hours = try read(1, "hour", 0...23)
        days = try read(2, "day of month", 1...31)
        months = try read(3, "month", 1...12, Self.monthNames, first: 1)
        let week = try read(4, "day of week", 0...7, Self.weekdayNames)
        weekdays = (week | (week >> 7)) & 0x7F
        eitherDay = !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*")
        let lengths = (1...12).filter { months & (1 << UInt64($0)) != 0 }.map { CalendarDate.days(inMonth: $0, ofYear: 2000) }
        let firstDay: Int = (1...31).first { days & (1 << UInt64($0)) != 0 } ?? 1
        guard eitherDay || firstDay <= (lengths.max() ?? 31) else { throw .invalidCron(text, "is never due: no such month has a day \(firstDay)") }
    }

    /// The first time after `instant` at which it is due; nil when none is left before the year 9999.
    package func next(after instant: Instant, in zone: TimeZone) -> Instant? {
        // A day before: of two days that show the same instant when the clocks jump, the earlier may be the one that is due.
        guard var day = try? zone.date(of: instant).adding(days: -1) else { return nil }
        // Nine years hold the longest wait, that for 29 February around a year such as 2100.
        for _ in 0...(9 * 366) {
            if isDue(on: day), let found = first(on: day, after: instant, in: zone) { return found }
            guard let next = try? day.adding(days: 1) else { return nil }
            day = next
        }
        return nil
    }

    /// The times after one instant and not after another, in order.
    /// - Parameter limit: at most so many, the latest ones.
    package func times(after start: Instant, through end: Instant, in zone: TimeZone, limit: Int) -> [Instant] {
        var found: [Instant] = []
        var at = start
        while let next = next(after: at, in: zone), next <= end {
            found.append(next)
            at = next
            if found.count >= 2 * limit { found.removeFirst(found.count - limit) }
        }
        return Array(found.suffix(limit))
    }

    private func isDue(on date: CalendarDate) -> Bool {
        guard months & (1 << UInt64(date.month)) != 0 else { return false }
        let inMonth = days & (1 << UInt64(date.day)) != 0
        let inWeek = weekdays & (1 << UInt64(date.weekday.rawValue % 7)) != 0
        return eitherDay ? inMonth || inWeek : inMonth && inWeek
    }

    private func first(on date: CalendarDate, after instant: Instant, in zone: TimeZone) -> Instant? {
        let start = zone.start(of: date)
        let end = zone.start(of: CalendarDate(checkedDayNumber: min(Int(date.dayNumber) + 1, CalendarDate.dayNumbers.upperBound)))
        if end <= instant, end > start { return nil }
        let offset = zone.offsetSeconds(at: start)
        let isPlain = zone.offsetSeconds(at: start.adding(seconds: -1)) == offset && zone.offsetSeconds(at: end) == offset
        var best: Instant?
        func consider(_ candidate: Instant) {
            if candidate > instant, best.map({ candidate < $0 }) ?? true { best = candidate }
        }
        for hour in 0..<24 where hours & (1 << UInt64(hour)) != 0 {
            for minute in 0..<60 where minutes & (1 << UInt64(minute)) != 0 {
                let local = LocalDateTime(checked: date, (hour * 60 + minute) * 60_000)
                if isPlain {
                    let candidate = Instant(milliseconds: local.millisecondsAsUTC - Int64(offset) * 1000)
                    if candidate > instant { return candidate }
                    continue
                }
                switch zone.instants(of: local) {
                case .gap(let at), .one(let at): consider(at)
                case .two(let earlier, let later):
                    consider(earlier)
                    if hours == Self.everyHour { consider(later) }
                }
            }
        }
        return best
    }

    private struct FieldError: Error {
        let message: String
    }

    private struct Field {
        let range: ClosedRange<Int>
        let names: [String]
        let firstNamed: Int

        func read(_ text: String) throws(FieldError) -> UInt64 {
            var bits: UInt64 = 0
            for part in text.split(separator: ",", omittingEmptySubsequences: false) { bits |= try read(part: part) }
            return bits
        }

        private func read(part: Substring) throws(FieldError) -> UInt64 {
            let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
            var step = 1
            if pieces.count == 2 {
                guard let given = number(pieces[1]), (1...range.upperBound).contains(given) else {
                    throw FieldError(message: "has a step that is not a number from 1 to \(range.upperBound)")
                }
                step = given
            }
            guard pieces.count <= 2, let first = pieces.first else { throw FieldError(message: "has more than one step") }
            let span: ClosedRange<Int>
            if first == "*" {
                span = range
            } else {
                let ends = first.split(separator: "-", omittingEmptySubsequences: false)
                guard ends.count <= 2 else { throw FieldError(message: "is no range") }
                let low = try value(ends[0])
                let high = ends.count == 2 ? try value(ends[1]) : pieces.count == 2 ? range.upperBound : low
                guard low <= high else { throw FieldError(message: "is a range that ends before it begins") }
                span = low...high
            }
            var bits: UInt64 = 0
            for value in stride(from: span.lowerBound, through: span.upperBound, by: step) { bits |= 1 << UInt64(value) }
            return bits
        }

        private func value(_ text: Substring) throws(FieldError) -> Int {
            if let index = names.firstIndex(of: text.lowercased()) { return index + firstNamed }
            guard let number = number(text), range.contains(number) else {
                let also = names.isEmpty ? "" : " or \(names[0]) to \(names[names.count - 1])"
                throw FieldError(message: "is not from \(range.lowerBound) to \(range.upperBound)\(also)")
            }
            return number
        }

        private func number(_ text: Substring) -> Int? {
            guard !text.isEmpty, text.utf8.count <= 4, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            return Int(text)
        }
    }
}

extension CronLine: CustomStringConvertible {
    package var description: String { text }

    package static func == (left: CronLine, right: CronLine) -> Bool { left.text == right.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
