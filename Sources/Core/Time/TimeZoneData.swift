/// The periods of a zone: the transitions that its file lists, then the rule of its footer for ever.
///
/// Source: RFC 9636 (TZif), versions 2 and later; the 32-bit block of version 1 is skipped.
final class TimeZoneData: Sendable {
    struct Period: Sendable, Hashable {
        /// Seconds east of UTC.
        let offsetSeconds: Int
        let isDaylightSaving: Bool
        let abbreviation: String
    }

    static let utc = TimeZoneData(
        transitions: [], kinds: [], periods: [Period(offsetSeconds: 0, isDaylightSaving: false, abbreviation: "UTC")],
        rule: nil)

    /// Seconds since 1970, ascending; the period that begins at each is `periods[kinds[i]]`.
    private let transitions: [Int64]
    private let kinds: [Int]
    private let periods: [Period]
    private let rule: TimeZoneRule?

    private init(transitions: [Int64], kinds: [Int], periods: [Period], rule: TimeZoneRule?) {
        self.transitions = transitions
        self.kinds = kinds
        self.periods = periods
        self.rule = rule
    }

    func period(at second: Int64) -> Period {
        guard let first = transitions.first, second >= first else {
            if transitions.isEmpty, let rule { return rule.period(at: second) }
            return periods[0]
        }
        if let rule, let last = transitions.last, second >= last { return rule.period(at: second) }
        var (low, high) = (0, transitions.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if transitions[middle] <= second { low = middle } else { high = middle }
        }
        return periods[kinds[low]]
    }

    /// Nil when the bytes are no TZif file of version 2 or later, or when they contradict themselves.
    convenience init?(tzif bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        guard let old = reader.header(), reader.skip(old.blockSize(timeSize: 4)), let header = reader.header(),
            header.kindCount > 0,
            let transitions = reader.times(header.transitionCount),
            let kinds = reader.take(header.transitionCount)?.map({ Int($0) }),
            let records = reader.take(header.kindCount * 6), let names = reader.take(header.nameBytes),
            reader.skip(header.leapCount * 12 + header.standardCount + header.universalCount),
            let footer = reader.footer()
        else { return nil }
        var periods: [Period] = []
        for start in stride(from: 0, to: records.count, by: 6) {
            let offset = records[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let name = Int(records[start + 5])
            guard name < names.count else { return nil }
            periods.append(
                Period(
                    offsetSeconds: Int(Int32(bitPattern: offset)), isDaylightSaving: records[start + 4] != 0,
                    abbreviation: String(decoding: names[name...].prefix { $0 != 0 }, as: UTF8.self)))
        }
        guard kinds.allSatisfy({ $0 < periods.count }), zip(transitions, transitions.dropFirst()).allSatisfy(<) else {
            return nil
        }
        var rule: TimeZoneRule?
        if !footer.isEmpty {
            guard let read = TimeZoneRule(footer) else { return nil }
            rule = read
        }
        self.init(transitions: transitions, kinds: kinds, periods: periods, rule: rule)
    }
}

extension TimeZoneData {
    private struct Header {
        let version: UInt8
        let universalCount, standardCount, leapCount, transitionCount, kindCount, nameBytes: Int

        func blockSize(timeSize: Int) -> Int {
            transitionCount * (timeSize + 1) + kindCount * 6 + nameBytes + leapCount * (timeSize + 4)
                + standardCount + universalCount
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        mutating func take(_ count: Int) -> [UInt8]? {
            guard count >= 0, count <= bytes.count - at else { return nil }
            defer { at += count }
            return Array(bytes[at..<at + count])
        }

        mutating func skip(_ count: Int) -> Bool { take(count) != nil }

        mutating func number() -> Int? {
            take(4)?.reduce(0) { $0 << 8 | Int($1) }
        }

        mutating func header() -> Header? {
            guard take(4) == Array("TZif".utf8), let version = take(1)?.first, version >= UInt8(ascii: "2"),
                skip(15), let universal = number(), let standard = number(), let leap = number(),
                let transitions = number(), let kinds = number(), let names = number()
            else { return nil }
            return Header(
                version: version, universalCount: universal, standardCount: standard, leapCount: leap,
                transitionCount: transitions, kindCount: kinds, nameBytes: names)
        }

        mutating func times(_ count: Int) -> [Int64]? {
            guard let raw = take(count * 8) else { return nil }
            return stride(from: 0, to: raw.count, by: 8).map { start in
                Int64(bitPattern: raw[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
            }
        }

        /// The text between the two line feeds at the end.
        mutating func footer() -> String? {
            let rest = bytes[at...]
            guard rest.count >= 2, rest.first == 0x0A, rest.last == 0x0A else { return nil }
            return String(validating: rest.dropFirst().dropLast(), as: UTF8.self)
        }
    }
}
