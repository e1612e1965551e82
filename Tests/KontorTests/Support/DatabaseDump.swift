import Core
import Storage
import Testing

/// Every row of every table of a database, to be compared with itself later.
struct DatabaseDump: Equatable {
    private(set) var tables: [String: [String]] = [:]

    /// - Parameter leavingOut: tables that may change.
    init(_ path: String, leavingOut: Set<String> = []) throws {
        let db = try Connection(path: path, mode: .reader)
        try db.transaction(.deferred) {
            let names = try db.query(SQL("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")) { $0.text(0) }
            for name in names where !leavingOut.contains(name) {
                // When a token was last used is noted now and then, whatever the request came to.
                let columns = try db.query(SQL("SELECT name FROM pragma_table_info('\(name)')")) { $0.text(0) }
                    .filter { name != "platform_tokens" || $0 != "last_used_at" }
                tables[name] = try db.query(SQL("SELECT \(columns.joined(separator: ", ")) FROM \(name)")) { row in
                    (0..<row.count).map { "\(row.value($0))" }.joined(separator: "|")
                }.sorted()
            }
        }
    }

    /// What differs, in words; empty when nothing does.
    func differences(from other: DatabaseDump) -> [String] {
        Set(tables.keys).union(other.tables.keys).sorted().compactMap { name in
            let old = other.tables[name] ?? [], new = tables[name] ?? []
            guard old != new else { return nil }
            let gone = Set(old).subtracting(new), came = Set(new).subtracting(old)
            return "\(name): \(gone.count) rows gone, \(came.count) came: \(Array(came.prefix(2)))"
        }
    }
}
