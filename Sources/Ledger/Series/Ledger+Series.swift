import Core
import Storage

extension Ledger {
    /// All of them, by name.
    package func seriesList() throws -> [Series] { try SeriesRows.all(db) }

    package func series(_ name: String) throws -> Series {
        guard let series = try SeriesRows.find(name, db) else { throw LedgerError.seriesUnknown(name) }
        return series
    }

    /// In the order in which they were opened.
    package func segments(of name: String) throws -> [SeriesSegment] {
        try SeriesRows.segments(of: series(name).id, db)
    }

    /// - Throws: `.seriesExists`, `.invalid`.
    @discardableResult
    package func defineSeries(_ new: NewSeries, actor: LedgerActor) throws -> Series {
        guard Self.isWord(new.name, upTo: 64) else {
            throw LedgerError.invalid(field: "name", "A series name has 1 to 64 letters, digits, dots and hyphens.")
        }
        guard new.first >= 0, new.first < 1_000_000_000_000 else {
            throw LedgerError.invalid(field: "first", "The first number is 0 or more.")
        }
        try Self.check(new.format, reset: new.reset, isBranched: new.isBranched)
        return try forgettingAll {
            if try SeriesRows.find(new.name, db) != nil { throw LedgerError.seriesExists(new.name) }
            let series = Series(
                id: try SeriesRows.nextID(db), name: new.name, format: new.format, reset: new.reset,
                isBranched: new.isBranched, isDated: new.isDated, first: new.first)
            try SeriesRows.insert(series, db)
            try recordDefinition(series, actor, reason: nil)
            return series
        }
    }

    /// A format whose numbers would repeat is refused: what starts again must show in the text.
    private static func check(_ format: NumberFormat, reset: SeriesReset, isBranched: Bool) throws(LedgerError) {
        let missing: String? =
            switch reset {
            case .never: nil
            case .year: format.hasYear ? nil : "{year}"
            case .month: format.hasYear && format.hasMonth ? nil : "{year} and {month}"
            case .day: format.hasYear && format.hasMonth && format.hasDay ? nil : "{year}, {month} and {day}"
            }
        if let missing {
            throw .invalid(field: "format", "The numbers start again every \(reset.rawValue), so the format needs \(missing).")
        }
        if isBranched, !format.hasBranch {
            throw .invalid(field: "format", "Each branch has its own numbers, so the format needs {branch}.")
        }
    }

    private func recordDefinition(_ series: Series, _ actor: LedgerActor, reason: String?) throws {
        try record(.seriesDefined, subject: series.id, actor: actor, reason: reason) { json in
            json.member("name", series.name)
            json.member("format", series.format.text)
            json.member("reset", series.reset.rawValue)
            json.member("is_branched", series.isBranched)
            json.member("is_dated", series.isDated)
            json.member("first", series.first)
        }
    }

    /// Prints future numbers in another way. The open segments end, and their successors go on counting. Those of years,
    /// months or days that are over keep their format, for documents that come late.
    package func setFormat(series name: String, _ format: NumberFormat, reason: String, actor: LedgerActor) throws {
        try Self.checkReason(reason)
        try forgettingAll {
            let old = try series(name)
            try Self.check(format, reset: old.reset, isBranched: old.isBranched)
            let new = Series(
                id: old.id, name: old.name, format: format, reset: old.reset, isBranched: old.isBranched,
                isDated: old.isDated, first: old.first)
            try SeriesRows.set(format: format.text, of: old.id, db)
            try recordDefinition(new, actor, reason: reason)
            let current = try old.reset.period(of: clock.now().utcDate.adding(days: -1))
            for segment in try SeriesRows.segments(of: old.id, db) where segment.isOpen && segment.period >= current {
                try succeed(segment, of: new, first: segment.next, actor, reason)
            }
        }
    }

    /// Moves the next number forward; the numbers between were never given, and a new segment says so.
    ///
    /// - Parameter date: of which year, month or day, for a series that starts again.
    /// - Throws: `.seriesNotForward` unless the number is beyond the next one.
    package func adjustSeries(
        _ name: String, branch: Int64? = nil, date: CalendarDate, next: Int64, reason: String, actor: LedgerActor
    ) throws {
        try Self.checkReason(reason)
        try forgettingAll {
            let (_, current) = try segment(name, branch, date, reading: false)
            guard next > current.next, next < 1_000_000_000_000 else {
                throw LedgerError.seriesNotForward(name, next: current.next, asked: next)
            }
            if let id = current.id, let open = try SeriesRows.segments(of: current.series.id, db).first(where: { $0.id == id }) {
                try succeed(open, of: current.series, first: next, actor, reason)
            } else {
                _ = try openSegment(current, first: next, actor, reason: reason)
            }
        }
    }

    /// Says that numbers may have been given out that no document will ever come for, such as by a till that was lost.
    /// The only hole there may be; counting goes on behind it in a new segment.
    ///
    /// - Parameter through: the last number that may be lost; at least the next one.
    package func recordLostRange(
        series name: String, branch: Int64? = nil, date: CalendarDate, through last: Int64, reason: String,
        actor: LedgerActor
    ) throws {
        try Self.checkReason(reason)
        try forgettingAll {
            let (_, current) = try segment(name, branch, date, reading: false)
            guard last >= current.next, last < 1_000_000_000_000 else {
                throw LedgerError.seriesNotForward(name, next: current.next, asked: last)
            }
            let id = try current.id ?? openSegment(current, first: current.next, actor)
            try record(.rangeLost, subject: id, actor: actor, reason: reason) { json in
                json.member("from", current.next)
                json.member("through", last)
            }
            guard let open = try SeriesRows.segments(of: current.series.id, db).first(where: { $0.id == id }) else { return }
            try succeed(open, of: current.series, first: last + 1, actor, reason)
        }
    }

    /// The open stretches of all series, by what tells them apart, with the number that comes next in each.
    package func openSegments() throws -> [OpenSegment] {
        try seriesList().flatMap { series in
            try segments(of: series.name).filter(\.isOpen).map {
                OpenSegment(series: series.name, branch: $0.branch, period: $0.period, next: $0.next)
            }
        }
    }

    /// After books went back in time: numbers that were given out in the former ones are never given again. Each stretch
    /// that had come further there goes on behind it, and what is between is recorded as lost. A stretch of a series that
    /// these books do not know is left out.
    /// - Returns: the stretches that were moved, as they were in the former books.
    @discardableResult
    package func recordLostRanges(since former: [OpenSegment], reason: String, actor: LedgerActor) throws -> [OpenSegment] {
        var moved: [OpenSegment] = []
        for segment in former {
            guard let series = try SeriesRows.find(segment.series, db), series.isBranched == (segment.branch != nil),
                let date = try series.reset.firstDay(of: segment.period, now: clock.now().utcDate)
            else { continue }
            let here = try self.segment(segment.series, segment.branch, date, reading: true).1
            guard segment.next > here.next else { continue }
            try recordLostRange(
                series: segment.series, branch: segment.branch, date: date, through: segment.next - 1, reason: reason, actor: actor)
            moved.append(segment)
        }
        return moved
    }

    private func succeed(
        _ segment: SeriesSegment, of series: Series, first: Int64, _ actor: LedgerActor, _ reason: String
    ) throws {
        try SeriesRows.close(segment.id, db)
        try record(.segmentClosed, subject: segment.id, actor: actor, reason: reason) { json in
            json.member("last", segment.next - 1)
        }
        let successor = Segment(
            series: series, id: nil, branch: segment.branch ?? 0, period: segment.period, format: series.format,
            next: first, lastOn: nil)
        _ = try openSegment(successor, first: first, actor, reason: reason)
    }
}
