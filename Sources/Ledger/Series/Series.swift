import Core

/// When the numbers of a series start again.
package enum SeriesReset: String, Sendable, CaseIterable {
    case never, year, month, day

    /// The stretch of time that shares one run of numbers: "", "2026", "2026-01" or "2026-01-05".
    func period(of date: CalendarDate) -> String {
        let text = date.description
        return switch self {
        case .never: ""
        case .year: String(text.prefix(4))
        case .month: String(text.prefix(7))
        case .day: text
        }
    }

    /// A day of the stretch; nil if the text names none.
    func firstDay(of period: String, now: CalendarDate) throws -> CalendarDate? {
        switch (self, period.utf8.count) {
        case (.never, 0): now
        case (.year, 4): try CalendarDate(period + "-01-01")
        case (.month, 7): try CalendarDate(period + "-01")
        case (.day, 10): try CalendarDate(period)
        default: nil
        }
    }
}

/// A run of document numbers: within each segment 1, 2, 3 … without a gap.
package struct Series: Sendable, Equatable {
    package let id: Int64
    /// Such as "invoice" or "till-3".
    package let name: String
    package let format: NumberFormat
    package let reset: SeriesReset
    /// Each branch has numbers of its own.
    package let isBranched: Bool
    /// Refuses a document that is dated before the last one.
    package let isDated: Bool
    /// The first number of a segment that nothing went before.
    package let first: Int64
}

package struct NewSeries: Sendable {
    package var name: String
    package var format: NumberFormat
    package var reset: SeriesReset
    package var isBranched: Bool
    package var isDated: Bool
    package var first: Int64

    package init(
        name: String, format: NumberFormat, reset: SeriesReset = .never, isBranched: Bool = false, isDated: Bool = false,
        first: Int64 = 1
    ) {
        self.name = name
        self.format = format
        self.reset = reset
        self.isBranched = isBranched
        self.isDated = isDated
        self.first = first
    }
}

/// A number that was given, for ever.
package struct SeriesNumber: Sendable, Equatable {
    package let value: Int64
    /// As it is printed and stored with the document.
    package let text: String
    package let segment: Int64
}

/// A stretch of numbers without a gap.
package struct SeriesSegment: Sendable, Equatable {
    package let id: Int64
    package let branch: Int64?
    package let period: String
    package let format: String
    package let first: Int64
    /// The number that comes next; the last one given is one less.
    package let next: Int64
    package let isOpen: Bool
}

/// An open stretch of numbers, named as it is in any copy of the books.
package struct OpenSegment: Sendable, Hashable {
    package let series: String
    package let branch: Int64?
    package let period: String
    package let next: Int64
}

struct SegmentKey: Hashable {
    let series: String
    let branch: Int64
    let period: String
}

/// The open segment that a number comes from.
struct Segment {
    let series: Series
    /// Nil until its first number is taken.
    var id: Int64?
    let branch: Int64
    let period: String
    let format: NumberFormat
    var next: Int64
    var lastOn: String?
}
