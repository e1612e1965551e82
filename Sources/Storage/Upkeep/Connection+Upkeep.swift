import Core

// What a writer does between two turns to keep its file in shape. Each is a transaction of its own, which `stop` ends:
// nothing of it remains then.

extension Connection {
    /// Rows of a table's index that are looked at to learn how its values are spread.
    private static let analysedRows = 400

    /// Builds an index anew.
    /// - Throws: `.interrupted` when `stop` said so.
    package func rebuild(index: String, stop: @escaping () -> Bool) throws {
        try upkeep("REINDEX \(Self.quoted(index))", stop)
    }

    /// Learns how the values of a table's indexes are spread, from some rows of each.
    package func analyse(table: String, stop: @escaping () -> Bool) throws {
        try upkeep("PRAGMA analysis_limit=\(Self.analysedRows); ANALYZE \(Self.quoted(table))", stop)
    }

    /// Forgets what was learned of a table: of few rows one learns what is wrong when there are many.
    package func forgetAnalysis(of table: String) throws {
        guard try first(Self.findStatistics, row: { _ in true }) ?? false else { return }
        try withoutStandingRule { try run(SQL("DELETE FROM sqlite_stat1 WHERE tbl = ?1"), table) }
    }

    /// Writes the file anew without its free pages. `stop` is asked while the copy is made, and no more while it is put in place.
    package func compact(stop: @escaping () -> Bool) throws {
        try withoutStandingRule { try watched(every: 20_000, stop: stop) { try vacuum() } }
    }

    private static let findStatistics = SQL("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'")

    private func upkeep(_ script: String, _ stop: @escaping () -> Bool) throws {
        try withoutStandingRule { try watched(every: 20_000, stop: stop) { try execute(script: script) } }
    }

    /// No row changes, so what keeps history from being changed has nothing to judge here, but would forbid it.
    private func withoutStandingRule<T>(_ body: () throws -> T) rethrows -> T {
        let standing = rules.standing
        rules.standing = nil
        defer { rules.standing = standing }
        return try body()
    }

    static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }
}
