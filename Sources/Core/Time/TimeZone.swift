import Synchronization

/// A zone of the IANA database, as the system's tzdata has it.
///
/// A zone is read once per process; a newer tzdata takes effect with the next start.
package struct TimeZone: Sendable {
    /// "Africa/Accra".
    package let name: String
    private let data: TimeZoneData

    package static let utc = TimeZone(name: "UTC", data: .utc)

    /// - Throws: `CalendarError.unknownTimeZone`.
    package init(_ name: String) throws(CalendarError) {
        self.name = name
        data = name == "UTC" ? .utc : try TimeZoneCatalogue.shared.zone(name)
    }

    private init(name: String, data: TimeZoneData) {
        self.name = name
        self.data = data
    }

    /// What a wall clock in the zone shows at the instant.
    package func local(_ instant: Instant) -> LocalDateTime {
        let shifted = instant.adding(seconds: Int64(offsetSeconds(at: instant)))
        let (day, rest) = shifted.dayAndMilliseconds
        return LocalDateTime(checked: CalendarDate(checkedDayNumber: day), rest)
    }

    /// The day in the zone.
    package func date(of instant: Instant) -> CalendarDate { local(instant).date }

    /// Seconds east of UTC.
    package func offsetSeconds(at instant: Instant) -> Int { offset(atSecond: second(of: instant.milliseconds)) }

    /// "GMT", "BST".
    package func abbreviation(at instant: Instant) -> String {
        data.period(at: second(of: instant.milliseconds)).abbreviation
    }

    /// When a wall clock in the zone shows a time: most often once, not at all when the clocks go forward
    /// over it, twice when they go back over it.
    package enum Occurrence: Hashable, Sendable {
        /// Never: the clocks jump over it at that instant.
        case gap(Instant)
        case one(Instant)
        case two(earlier: Instant, later: Instant)

        /// The first instant at which the clock shows the time or a later one.
        package var first: Instant {
            switch self {
            case .gap(let instant), .one(let instant), .two(earlier: let instant, later: _): instant
            }
        }
    }

    package func instants(of local: LocalDateTime) -> Occurrence {
        let asUTC = local.millisecondsAsUTC
        let day: Int64 = 86_400
        let second = second(of: asUTC)
        var found: [Int64] = []
        for probe in [second - day, second, second + day] {
            let offset = offset(atSecond: probe)
            let candidate = asUTC - Int64(offset) * 1000
            if self.offset(atSecond: self.second(of: candidate)) == offset, !found.contains(candidate) {
                found.append(candidate)
            }
        }
        found.sort()
        switch found.count {
        case 1: return .one(Instant(milliseconds: found[0]))
        case 2...:
            return .two(earlier: Instant(milliseconds: found[0]), later: Instant(milliseconds: found[found.count - 1]))
        default: return .gap(jump(between: second - day, and: second + day))
        }
    }

    /// The first instant of the day in the zone.
    package func start(of date: CalendarDate) -> Instant { instants(of: LocalDateTime(checked: date, 0)).first }

    /// The one change of offset between two seconds.
    private func jump(between first: Int64, and last: Int64) -> Instant {
        let before = offset(atSecond: first)
        var (low, high) = (first, last)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(atSecond: middle) == before { low = middle } else { high = middle }
        }
        return Instant(milliseconds: high * 1000)
    }

    private func offset(atSecond second: Int64) -> Int { data.period(at: second).offsetSeconds }

    private func second(of milliseconds: Int64) -> Int64 {
        let (second, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        return rest < 0 ? second - 1 : second
    }
}

extension TimeZone: Hashable, CustomStringConvertible {
    package static func == (left: TimeZone, right: TimeZone) -> Bool { left.name == right.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
    package var description: String { name }
}

/// The zones that this process has read.
private final class TimeZoneCatalogue: Sendable {
    static let shared = TimeZoneCatalogue()
    private static let folder = "/usr/share/zoneinfo"
    private let zones = Mutex<[String: TimeZoneData]>([:])

    func zone(_ name: String) throws(CalendarError) -> TimeZoneData {
        if let zone = zones.withLock({ $0[name] }) { return zone }
        guard Self.isPlausible(name), let bytes = try? Files.read("\(Self.folder)/\(name)", limit: 1 << 20),
            let zone = TimeZoneData(tzif: bytes)
        else { throw .unknownTimeZone(name) }
        zones.withLock { $0[name] = zone }
        return zone
    }

    /// Letters, digits, `_`, `+`, `-` between slashes: no path leaves the folder.
    private static func isPlausible(_ name: String) -> Bool {
        name.utf8.count <= 60
            && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy {
                        switch $0 {
                        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2B, 0x2D: true
                        default: false
                        }
                    }
            }
    }
}
