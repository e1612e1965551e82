import Core
import Storage

extension Ledger {
    /// Gives the next number, in the transaction of the document that bears it: if that rolls back, so does the number.
    ///
    /// - Parameters:
    ///   - branch: needed if the series has branches, ignored otherwise; ≥ 1.
    ///   - branchCode: for `{branch}` in the format.
    ///   - date: the document's; decides which year, month or day the number is of.
    ///   - document: what bears the number; kept in the chain.
    ///   - expecting: the number that was given out elsewhere, such as by a till without a connection; it must be the
    ///     next one.
    /// - Throws: `.seriesUnknown`, `.seriesDated`, `.sequenceBlocked`, `NumberFormatError.missingBranch`.
    package func nextNumber(
        series name: String, branch: Int64? = nil, branchCode: String? = nil, date: CalendarDate,
        document: EntrySource? = nil, expecting: Int64? = nil, actor: LedgerActor
    ) throws -> SeriesNumber {
        _ = try memory.validate(db)
        let (key, segment) = try segment(name, branch, date, reading: false)
        let day = date.description
        if segment.series.isDated, let last = segment.lastOn, day < last {
            throw LedgerError.seriesDated(name, last: try CalendarDate(last), given: date)
        }
        if let expecting, expecting != segment.next {
            throw LedgerError.sequenceBlocked(name, next: segment.next, given: expecting)
        }
        let text = try segment.format.render(sequence: segment.next, date: date, branch: branchCode)
        var taken = segment
        let id = try segment.id ?? openSegment(segment, first: segment.next, actor)
        taken.id = id
        taken.next += 1
        taken.lastOn = segment.lastOn.map { max($0, day) } ?? day
        try record(.numberTaken, subject: id, actor: actor) { json in
            json.member("number", segment.next)
            json.member("text", text)
            json.member("date", day)
            if let document {
                json.member("document_type", document.type)
                json.member("document_id", document.id)
            }
        }
        try SeriesRows.advance(id, to: taken.next, lastOn: taken.lastOn ?? day, db)
        memory.segments[key] = taken
        return SeriesNumber(value: segment.next, text: text, segment: id)
    }

    /// The number that `nextNumber` would give, without taking it.
    package func peekNumber(
        series name: String, branch: Int64? = nil, branchCode: String? = nil, date: CalendarDate
    ) throws -> (value: Int64, text: String) {
        let (_, segment) = try segment(name, branch, date, reading: true)
        return (segment.next, try segment.format.render(sequence: segment.next, date: date, branch: branchCode))
    }

    /// - Parameter reading: on a connection that may be a reader: nothing remembered is used.
    func segment(_ name: String, _ branch: Int64?, _ date: CalendarDate, reading: Bool) throws -> (SegmentKey, Segment) {
        // Most series do not reset by branch and period at once, but their key is needed to know: ask for it by name.
        let series = try series(named: name, reading: reading)
        let key = SegmentKey(
            series: name, branch: series.isBranched ? try Self.check(branch, of: name) : 0,
            period: series.reset.period(of: date))
        if !reading, let remembered = memory.segments[key] { return (key, remembered) }
        let found = try SeriesRows.open(series.id, branch: key.branch, period: key.period, db)
        // A segment keeps the format that it was opened with.
        let segment = Segment(
            series: series, id: found?.segment.id, branch: key.branch, period: key.period,
            format: try found.map { try NumberFormat($0.segment.format) } ?? series.format,
            next: found?.segment.next ?? series.first, lastOn: found?.lastOn)
        if !reading { memory.segments[key] = segment }
        return (key, segment)
    }

    private func series(named name: String, reading: Bool) throws -> Series {
        if !reading, let series = memory.series[name] { return series }
        guard let series = try SeriesRows.find(name, db) else { throw LedgerError.seriesUnknown(name) }
        if !reading { memory.series[name] = series }
        return series
    }

    private static func check(_ branch: Int64?, of name: String) throws(LedgerError) -> Int64 {
        guard let branch, branch > 0 else {
            throw .invalid(field: "branch", "The numbers of \(name) are counted by branch, so a branch is needed.")
        }
        return branch
    }

    func openSegment(_ segment: Segment, first: Int64, _ actor: LedgerActor, reason: String? = nil) throws -> Int64 {
        let id = try SeriesRows.nextSegment(db)
        try SeriesRows.insert(
            segment: id, of: segment.series, branch: segment.branch, period: segment.period, format: segment.format,
            first: first, db)
        try record(.segmentOpened, subject: id, actor: actor, reason: reason) { json in
            json.member("series_id", segment.series.id)
            json.member("branch_id", segment.branch)
            json.member("period", segment.period)
            json.member("format", segment.format.text)
            json.member("first", first)
        }
        return id
    }
}
