import CSQLite

/// How much of a database file each table and each index takes.
package struct FileSizes: Sendable, Equatable {
    package struct Part: Sendable, Equatable {
        package let name: String
        /// The table that it is, or belongs to.
        package let table: String
        package let isIndex: Bool
        package let pages: Int64
        package let bytes: Int64
    }

    package let pageSize: Int64
    /// Pages of the file, as of the last commit.
    package let pages: Int64
    /// Pages that hold nothing and are used again.
    package let freePages: Int64
    /// Largest first. Their pages and the free ones are all pages of the file.
    package let parts: [Part]

    package var bytes: Int64 { pages * pageSize }
    package var freeBytes: Int64 { freePages * pageSize }
}

extension Connection {
    private static let pageSize = SQL("PRAGMA page_size")
    private static let pageCount = SQL("PRAGMA page_count")
    private static let freeCount = SQL("PRAGMA freelist_count")
    private static let parts = SQL("""
        SELECT d.name, coalesce(s.tbl_name, d.name), s.type = 'index', d.pageno, d.pgsize
        FROM dbstat d LEFT JOIN sqlite_schema s ON s.name = d.name WHERE d.aggregate = TRUE ORDER BY d.pgsize DESC, d.name
        """)

    /// Looks at each page of the file once: for a reader of one's own.
    package func fileSizes() throws -> FileSizes {
        let parts = try query(Self.parts) { row in
            // Aggregated, the page number is how many there are.
            FileSizes.Part(name: row.text(0), table: row.text(1), isIndex: row.bool(2), pages: row.int(3), bytes: row.int(4))
        }
        return FileSizes(
            pageSize: try integer(Self.pageSize), pages: try integer(Self.pageCount), freePages: try integer(Self.freeCount), parts: parts)
    }

    /// The file's pages and the free ones among them, without looking at each.
    package func pageCounts() throws -> (pages: Int64, free: Int64, size: Int64) {
        (try integer(Self.pageCount), try integer(Self.freeCount), try integer(Self.pageSize))
    }
}
