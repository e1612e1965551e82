/// A point in time, in milliseconds, UTC, without leap seconds.
package struct Instant: Hashable, Sendable {
    /// Since 1970-01-01T00:00:00Z, always within the years 0001 to 9999.
    package let milliseconds: Int64

    package static let earliest = Instant(milliseconds: .min)
    package static let latest = Instant(milliseconds: .max)

    /// Values beyond the years 0001 to 9999 become the first or last instant of them.
    package init(milliseconds: Int64) {
        let day: Int64 = 86_400_000
        let first = Int64(CalendarDate.dayNumbers.lowerBound) * day
        let last = Int64(CalendarDate.dayNumbers.upperBound + 1) * day - 1
        self.milliseconds = min(max(milliseconds, first), last)
    }

    /// Reads RFC 3339: "2026-01-05T09:30:00Z", with up to nine digits of a second (those past the third are
    /// cut off) and with an offset such as "+01:00".
    package init(_ iso: String) throws(CalendarError) {
        var text = iso
        guard let instant = text.withUTF8({ Self.read($0) }) else { throw .invalidInstant(iso) }
        self = instant
    }

    package func adding(milliseconds delta: Int64) -> Instant {
        let (sum, overflow) = milliseconds.addingReportingOverflow(delta)
        return overflow ? (delta < 0 ? .earliest : .latest) : Instant(milliseconds: sum)
    }

    package func adding(seconds: Int64) -> Instant {
        let (delta, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? (seconds < 0 ? .earliest : .latest) : adding(milliseconds: delta)
    }

    /// Negative when `other` is earlier.
    package func milliseconds(until other: Instant) -> Int64 { other.milliseconds - milliseconds }

    /// The day in UTC. A tenant's day is `TimeZone.date(of:)`.
    package var utcDate: CalendarDate { CalendarDate(checkedDayNumber: dayAndMilliseconds.day) }

    var dayAndMilliseconds: (day: Int, milliseconds: Int) {
        var (day, rest) = Int(milliseconds).quotientAndRemainder(dividingBy: 86_400_000)
        if rest < 0 { (day, rest) = (day - 1, rest + 86_400_000) }
        return (day, rest)
    }
}

extension Instant: Comparable {
    package static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }
}

extension Instant: CustomStringConvertible {
    /// "2026-01-05T09:30:00.123Z": always milliseconds, always Z, so that text order is time order.
    package var description: String {
        let (day, rest) = dayAndMilliseconds
        let civil = CalendarDate.civil(day)
        return String(unsafeUninitializedCapacity: 24) { buffer in
            Digits.write(civil.year, width: 4, to: buffer, at: 0)
            Digits.write(civil.month, width: 2, to: buffer, at: 5)
            Digits.write(civil.day, width: 2, to: buffer, at: 8)
            Digits.write(rest / 3_600_000, width: 2, to: buffer, at: 11)
            Digits.write(rest / 60_000 % 60, width: 2, to: buffer, at: 14)
            Digits.write(rest / 1000 % 60, width: 2, to: buffer, at: 17)
            Digits.write(rest % 1000, width: 3, to: buffer, at: 20)
            buffer[4] = UInt8(ascii: "-")
            buffer[7] = UInt8(ascii: "-")
            buffer[10] = UInt8(ascii: "T")
            buffer[13] = UInt8(ascii: ":")
            buffer[16] = UInt8(ascii: ":")
            buffer[19] = UInt8(ascii: ".")
            buffer[23] = UInt8(ascii: "Z")
            return 24
        }
    }
}

// MARK: Reading

extension Instant {
    private static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Instant? {
        guard bytes.count >= 20, bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"),
            let date = CalendarDate(utf8: UnsafeBufferPointer(rebasing: bytes[..<10])),
            let hour = Digits.read(bytes, at: 11, count: 2), hour < 24,
            let minute = Digits.read(bytes, at: 14, count: 2), minute < 60,
            let second = Digits.read(bytes, at: 17, count: 2), second < 60
        else { return nil }
        var at = 19
        var fraction = 0
        if bytes[at] == UInt8(ascii: ".") {
            let start = at + 1
            at = start
            while at < bytes.count, bytes[at] &- 0x30 < 10 { at += 1 }
            guard (1...9).contains(at - start) else { return nil }
            for index in start..<start + 3 {
                fraction = fraction * 10 + (index < at ? Int(bytes[index] - 0x30) : 0)
            }
        }
        guard let offset = offsetMinutes(UnsafeBufferPointer(rebasing: bytes[at...])) else { return nil }
        let seconds = ((Int(date.dayNumber) * 24 + hour) * 60 + minute - offset) * 60 + second
        let result = Int64(seconds) * 1000 + Int64(fraction)
        let instant = Instant(milliseconds: result)
        return instant.milliseconds == result ? instant : nil
    }

    /// Minutes east of UTC of "Z" or "+01:00".
    private static func offsetMinutes(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        if bytes.count == 1, bytes[0] == UInt8(ascii: "Z") { return 0 }
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"),
            bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            let hours = Digits.read(bytes, at: 1, count: 2), hours < 24,
            let minutes = Digits.read(bytes, at: 4, count: 2), minutes < 60
        else { return nil }
        let total = hours * 60 + minutes
        return bytes[0] == UInt8(ascii: "-") ? -total : total
    }
}
