import CSQLite

// Values are bound in order. A single statement outside a transaction is a transaction of its own.

extension Connection {
    /// The prepared statement, from the cache; a fresh one while the cached one is being stepped further up.
    package func statement(_ sql: SQL) throws(StorageError) -> Statement {
        if let statement = cache.find(sql), rules.scoped == nil {
            if !statement.isRunning { return statement }
        } else if rules.scoped == nil {
            let statement = try prepare(sql, keep: true)
            cache.insert(statement)
            return statement
        }
        return try prepare(sql, keep: false)
    }

    private func prepare(_ sql: SQL, keep: Bool) throws(StorageError) -> Statement {
        var handle: OpaquePointer?
        var text = sql.text
        prepared = TableSet.none
        let code = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                sqlite3_prepare_v3(
                    self.handle, $0.baseAddress, Int32($0.count), keep ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0, &handle, nil)
            }
        }
        if code != SQLITE_OK { throw failure(code, sql.text) }
        guard let handle else { throw .misuse("an empty statement") }
        return Statement(sql, handle, of: self, isKept: keep)
    }

    /// Runs a statement to its end; rows that it gives are ignored.
    package func run<each V: SQLBindable>(_ sql: SQL, _ values: repeat each V) throws(StorageError) {
        let statement = try statement(sql)
        try statement.bindAll(repeat each values)
        try statement.run()
    }

    /// As above, for a statement without parameters: nothing is generic, and the lane runs two of them for each request.
    package func run(_ sql: SQL) throws(StorageError) {
        let statement = try statement(sql)
        try statement.bindAll()
        try statement.run()
    }

    package func run(_ sql: SQL, values: [any SQLBindable]) throws(StorageError) {
        let statement = try statement(sql)
        try statement.bindAll(values)
        try statement.run()
    }

    /// All rows, each as what `row` makes of it.
    package func query<T, each V: SQLBindable>(
        _ sql: SQL, _ values: repeat each V, row: (Row) throws -> T
    ) throws -> [T] {
        let statement = try statement(sql)
        try statement.bindAll(repeat each values)
        return try all(statement, row)
    }

    package func query<T>(_ sql: SQL, values: [any SQLBindable], row: (Row) throws -> T) throws -> [T] {
        let statement = try statement(sql)
        try statement.bindAll(values)
        return try all(statement, row)
    }

    /// The first row, or nil if there is none; the rest is not computed.
    package func first<T, each V: SQLBindable>(
        _ sql: SQL, _ values: repeat each V, row: (Row) throws -> T
    ) throws -> T? {
        let statement = try statement(sql)
        try statement.bindAll(repeat each values)
        defer { statement.reset() }
        return try statement.step() ? try row(statement.row) : nil
    }

    package func first<T>(_ sql: SQL, values: [any SQLBindable], row: (Row) throws -> T) throws -> T? {
        let statement = try statement(sql)
        try statement.bindAll(values)
        defer { statement.reset() }
        return try statement.step() ? try row(statement.row) : nil
    }

    /// Row by row, for results that should not lie in memory, until `row` returns false.
    package func each<each V: SQLBindable>(
        _ sql: SQL, _ values: repeat each V, row: (Row) throws -> Bool
    ) throws {
        let statement = try statement(sql)
        try statement.bindAll(repeat each values)
        defer { statement.reset() }
        while try statement.step() {
            if try !row(statement.row) { return }
        }
    }

    package func each(_ sql: SQL, values: [any SQLBindable], row: (Row) throws -> Bool) throws {
        let statement = try statement(sql)
        try statement.bindAll(values)
        defer { statement.reset() }
        while try statement.step() {
            if try !row(statement.row) { return }
        }
    }

    private func all<T>(_ statement: Statement, _ row: (Row) throws -> T) throws -> [T] {
        defer { statement.reset() }
        var result: [T] = []
        while try statement.step() { result.append(try row(statement.row)) }
        return result
    }

    /// The integer of a single-column, single-row statement; 0 if there is no row or it is NULL.
    package func integer<each V: SQLBindable>(_ sql: SQL, _ values: repeat each V) throws(StorageError) -> Int64 {
        let statement = try statement(sql)
        try statement.bindAll(repeat each values)
        defer { statement.reset() }
        return try statement.step() ? statement.int64(0) : 0
    }

    /// The text of a single-column, single-row statement; nil if there is no row or it is NULL.
    package func text<each V: SQLBindable>(_ sql: SQL, _ values: repeat each V) throws(StorageError) -> String? {
        let statement = try statement(sql)
        try statement.bindAll(repeat each values)
        defer { statement.reset() }
        return try statement.step() ? statement.row.optionalText(0) : nil
    }

    /// Many statements without parameters, such as a schema; not cached, rows ignored.
    package func execute(script: String) throws(StorageError) {
        hooks?.record?(script)
        written = .all
        let code = sqlite3_exec(handle, script, nil, nil, nil)
        if code != SQLITE_OK { throw failure(code, script) }
    }

    /// Ends statements that gave rows and were not read to their end: they would keep the transaction open.
    func endStatements() {
        guard sawRow else { return }
        sawRow = false
        var statement = sqlite3_next_stmt(handle, nil)
        while let running = statement {
            if sqlite3_stmt_busy(running) != 0 { sqlite3_reset(running) }
            statement = sqlite3_next_stmt(handle, running)
        }
    }
}
