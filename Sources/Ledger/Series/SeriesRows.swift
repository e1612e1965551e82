import Core
import Storage

/// The rows of ledger_series and ledger_series_segments.
enum SeriesRows {
    private static let columns = "id, name, format, reset, is_branched, is_dated, first"
    private static let selectAll = SQL("SELECT \(columns) FROM ledger_series ORDER BY name")
    private static let selectByName = SQL("SELECT \(columns) FROM ledger_series WHERE name = ?1")
    private static let insertSeries = SQL(
        """
        INSERT INTO ledger_series (id, name, format, reset, is_branched, is_dated, first)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """)
    private static let nextSeriesID = SQL("SELECT coalesce(max(id), 0) + 1 FROM ledger_series")
    private static let updateFormat = SQL("UPDATE ledger_series SET format = ?2 WHERE id = ?1")

    static func all(_ db: Connection) throws -> [Series] { try db.query(selectAll, row: series) }
    static func find(_ name: String, _ db: Connection) throws -> Series? { try db.first(selectByName, name, row: series) }
    static func nextID(_ db: Connection) throws -> Int64 { try db.integer(nextSeriesID) }
    static func set(format: String, of series: Int64, _ db: Connection) throws { try db.run(updateFormat, series, format) }

    static func insert(_ series: Series, _ db: Connection) throws {
        try db.run(
            insertSeries, series.id, series.name, series.format.text, series.reset.rawValue, series.isBranched,
            series.isDated, series.first)
    }

    private static func series(_ row: Row) throws -> Series {
        guard let reset = SeriesReset(rawValue: row.text(3)) else {
            throw LedgerError.damaged("series \(row.text(1)) has an unknown reset")
        }
        return Series(
            id: row.int(0), name: row.text(1), format: try NumberFormat(row.text(2)), reset: reset,
            isBranched: row.bool(4), isDated: row.bool(5), first: row.int(6))
    }

    // MARK: Segments

    private static let segmentColumns = "id, branch_id, period, format, first, next, is_open, last_on"
    private static let selectOpen = SQL(
        """
        SELECT \(segmentColumns) FROM ledger_series_segments
        WHERE series_id = ?1 AND branch_id = ?2 AND period = ?3 AND is_open = 1
        """)
    private static let selectSegments = SQL(
        "SELECT \(segmentColumns) FROM ledger_series_segments WHERE series_id = ?1 ORDER BY id")
    private static let insertSegment = SQL(
        """
        INSERT INTO ledger_series_segments (id, series_id, branch_id, period, format, first, next, is_open)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1)
        """)
    private static let nextSegmentID = SQL("SELECT coalesce(max(id), 0) + 1 FROM ledger_series_segments")
    private static let updateNext = SQL("UPDATE ledger_series_segments SET next = ?2, last_on = ?3 WHERE id = ?1")
    private static let updateClosed = SQL("UPDATE ledger_series_segments SET is_open = 0 WHERE id = ?1")

    static func open(
        _ series: Int64, branch: Int64, period: String, _ db: Connection
    ) throws -> (segment: SeriesSegment, lastOn: String?)? {
        try db.first(selectOpen, series, branch, period) { (segment($0), $0.optionalText(7)) }
    }

    static func segments(of series: Int64, _ db: Connection) throws -> [SeriesSegment] {
        try db.query(selectSegments, series, row: segment)
    }

    static func nextSegment(_ db: Connection) throws -> Int64 { try db.integer(nextSegmentID) }

    static func insert(
        segment id: Int64, of series: Series, branch: Int64, period: String, format: NumberFormat, first: Int64,
        _ db: Connection
    ) throws {
        try db.run(insertSegment, id, series.id, branch, period, format.text, first)
    }

    static func advance(_ segment: Int64, to next: Int64, lastOn: String, _ db: Connection) throws(StorageError) {
        let update = try db.statement(updateNext)
        update.bind(1, segment)
        update.bind(2, next)
        update.bind(3, lastOn)
        try update.run()
    }

    static func close(_ segment: Int64, _ db: Connection) throws { try db.run(updateClosed, segment) }

    private static func segment(_ row: Row) -> SeriesSegment {
        SeriesSegment(
            id: row.int(0), branch: row.int(1) == 0 ? nil : row.int(1), period: row.text(2), format: row.text(3),
            first: row.int(4), next: row.int(5), isOpen: row.bool(6))
    }
}
