import CSQLite
import Core

extension Backup {
    /// Copies the schema whole and of each table its newest rows into a new file, to try something out on.
    ///
    /// Rows may refer to others that were left behind, which only counts when they are changed.
    /// - Parameters:
    ///   - path: of a file that is not there yet.
    ///   - rows: the most of one table; of tables of lines, which have no ids of their own, four times as many.
    ///   - whole: tables of which nothing is left behind.
    ///   - empty: tables of which everything is.
    /// - Returns: a connection to the copy. It takes no care for crashes.
    package static func sample(
        of store: Store, to path: String, rows: Int, whole: (String) -> Bool = { _ in false }, empty: (String) -> Bool = { _ in false }
    ) throws -> Connection {
        let target = try Connection(path: path, mode: .copy)
        do {
            try target.execute(script: "PRAGMA foreign_keys=OFF; PRAGMA application_id=\(Connection.applicationID)")
            try store.readAlone { source in
                try target.transaction {
                    for (table, sql) in try source.query(selectTables, row: { ($0.text(0), $0.text(1)) }) {
                        try target.execute(script: sql)
                        if empty(table) { continue }
                        try copyRows(of: table, isWhole: whole(table), most: rows, from: source, to: target)
                    }
                    for sql in try source.query(selectOthers, row: { $0.text(0) }) { try target.execute(script: sql) }
                }
            }
            try target.execute(script: "PRAGMA foreign_keys=ON")
            return target
        } catch {
            target.close()
            throw error
        }
    }

    /// A whole copy, opened.
    package static func whole(of store: Store, to path: String) throws -> Connection {
        _ = try make(of: store, to: path)
        return try Connection(path: path, mode: .copy)
    }

    private static let selectTables = SQL(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
    private static let selectOthers = SQL(
        "SELECT sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
    private static let selectKey = SQL("SELECT name FROM pragma_table_info(?1) WHERE pk = 1")
    private static let hasRowID = SQL("SELECT wr FROM pragma_table_list WHERE name = ?1")

    private static func copyRows(
        of table: String, isWhole: Bool, most: Int, from source: Connection, to target: Connection
    ) throws {
        let withoutRowID = try source.integer(hasRowID, table) == 1
        var text = "SELECT * FROM \"\(table)\""
        if !isWhole {
            let key = withoutRowID ? try source.text(selectKey, table).map { "\"\($0)\"" } : "rowid"
            text += (key.map { " ORDER BY \($0) DESC" } ?? "") + " LIMIT \(withoutRowID ? 4 * most : most)"
        }
        let select = try source.statement(SQL(text))
        defer { select.reset() }
        var insert: Statement?
        var count: Int32 = 0
        while try select.step() {
            if insert == nil {
                count = sqlite3_column_count(select.handle)
                let marks = [String](repeating: "?", count: Int(count)).joined(separator: ", ")
                insert = try target.statement(SQL("INSERT INTO \"\(table)\" VALUES (\(marks))"))
            }
            guard let insert else { return }
            for column in 0..<count { sqlite3_bind_value(insert.handle, column + 1, sqlite3_column_value(select.handle, column)) }
            _ = try insert.step()
            insert.reset()
        }
    }
}
