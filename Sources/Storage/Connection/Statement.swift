import CBridge
import CSQLite
import Core

/// A prepared statement: the fast path beside `Connection.run` and `query`.
///
/// Take it, bind, step until false (or `reset`), and do nothing else with the same `SQL` in between. It must not
/// outlive its connection. A failed bind is reported by the next `step`. Binding copies texts and blobs.
package final class Statement {
    package let sql: SQL
    @usableFromInline let handle: OpaquePointer
    /// The connection owns the cache that owns the statements, so it is there as long as they are used.
    private let connection: Unmanaged<Connection>
    @exclusivity(unchecked) private var bindCode: Int32 = SQLITE_OK
    /// When it was last looked up, by the connection's count of look-ups.
    @exclusivity(unchecked) var lastUse: UInt64 = 0
    let parameterCount: Int32
    /// Whether the connection keeps it: then it may run often, and is timed by the clock that costs nothing.
    private let isKept: Bool
    /// In this run so far, by its clock.
    @exclusivity(unchecked) private var nanoseconds: UInt64 = 0
    @exclusivity(unchecked) private var notedRuns: Int32 = 0
    /// The tables that it writes, those of triggers among them.
    private let writes: TableSet

    init(_ sql: SQL, _ handle: OpaquePointer, of connection: Connection, isKept: Bool) {
        self.isKept = isKept
        writes = connection.prepared
        self.sql = sql
        self.handle = handle
        self.connection = Unmanaged.passUnretained(connection)
        parameterCount = sqlite3_bind_parameter_count(handle)
    }

    deinit { sqlite3_finalize(handle) }

    /// Stepped, and neither run to its end nor reset.
    var isRunning: Bool { sqlite3_stmt_busy(handle) != 0 }

    // MARK: Parameters, 1-based

    package func bind(_ index: Int32, _ value: Int64) { note(sqlite3_bind_int64(handle, index, value)) }

    package func bind(_ index: Int32, _ value: Bool) { note(sqlite3_bind_int64(handle, index, value ? 1 : 0)) }

    package func bind(_ index: Int32, _ value: Double) { note(sqlite3_bind_double(handle, index, value)) }

    package func bindNull(_ index: Int32) { note(sqlite3_bind_null(handle, index)) }

    package func bind(_ index: Int32, _ value: String) {
        value.withBytes { bind(index, utf8: $0.bindMemory(to: UInt8.self)) }
    }

    package func bind(_ index: Int32, utf8: UnsafeBufferPointer<UInt8>) {
        let code = utf8.withMemoryRebound(to: CChar.self) {
            kontor_sqlite_bind_text(handle, index, $0.baseAddress, Int64($0.count))
        }
        note(code)
    }

    package func bind(_ index: Int32, _ value: [UInt8]) {
        note(value.withUnsafeBytes { kontor_sqlite_bind_blob(handle, index, $0.baseAddress, Int64($0.count)) })
    }

    package func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    package func bind(_ index: Int32, _ value: String?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    package func bind(_ index: Int32, _ value: [UInt8]?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    private func note(_ code: Int32) { if code != SQLITE_OK { bindCode = code } }

    // MARK: Running

    /// True while there is a row to read. At the end, and on error, the statement is reset and can be bound again.
    package func step() throws(StorageError) -> Bool {
        // Not by reference: counting it twice for each of a request's fifty statements would cost more than what is done.
        let owner = connection
        if bindCode != SQLITE_OK || owner._withUnsafeGuaranteedRef({ $0.hooks != nil }) { try beforeStep() }
        owner._withUnsafeGuaranteedRef { $0.written.formUnion(writes) }
        let began = clock
        let code = sqlite3_step(handle)
        nanoseconds &+= clock &- began
        if code == SQLITE_ROW {
            owner._withUnsafeGuaranteedRef { $0.sawRow = true }
            return true
        }
        if code == SQLITE_DONE {
            sqlite3_reset(handle)
            if nanoseconds != 0 { noteTime() }
            return false
        }
        let error = connection.takeUnretainedValue().failure(code, sql.text)
        sqlite3_reset(handle)
        if nanoseconds != 0 { noteTime() }
        throw error
    }

    private var clock: UInt64 { isKept ? kontor_coarse_nanoseconds() : monotonicNanoseconds() }

    /// Of the run that has ended.
    @inline(never) private func noteTime() {
        let all = sqlite3_stmt_status(handle, SQLITE_STMTSTATUS_RUN, 0)
        connection.takeUnretainedValue().times?.note(sql.text, runs: Int(max(1, all - notedRuns)), nanoseconds: nanoseconds)
        notedRuns = all
        nanoseconds = 0
    }

    /// Steps to the end, ignoring rows.
    package func run() throws(StorageError) { while try step() {} }

    /// Ends a statement that was not stepped to its end. Parameters stay bound.
    package func reset() {
        sqlite3_reset(handle)
        if nanoseconds != 0 { noteTime() }
    }

    private func beforeStep() throws(StorageError) {
        if bindCode != SQLITE_OK {
            let code = bindCode
            bindCode = SQLITE_OK
            sqlite3_reset(handle)
            throw connection.takeUnretainedValue().failure(code, sql.text)
        }
        let connection = connection.takeUnretainedValue()
        if !isRunning, let error = connection.hooks?.failure(before: self) { throw connection.noting(error) }
    }

    /// The text with its parameters filled in.
    var expandedText: String {
        guard let text = sqlite3_expanded_sql(handle) else { return sql.text }
        defer { sqlite3_free(text) }
        return String(cString: text)
    }

    // MARK: Columns of the current row, 0-based

    package var row: Row { Row(handle: handle) }
    package func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    package func isNull(_ column: Int32) -> Bool { row.isNull(column) }
    package func text(_ column: Int32) -> String { row.text(column) }
    package func bytes(_ column: Int32) -> [UInt8] { row.bytes(column) }

    /// The column's UTF-8 in place, valid until the next step.
    package func withText<T>(_ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows -> T {
        try row.withText(column, body)
    }
}

extension Statement {
    func bindAll<each V: SQLBindable>(_ values: repeat each V) throws(StorageError) {
        var index: Int32 = 0
        for value in repeat each values {
            index += 1
            value.bind(to: self, at: index)
        }
        if index != parameterCount { throw wrongCount(Int(index)) }
    }

    func bindAll() throws(StorageError) {
        if parameterCount != 0 { throw wrongCount(0) }
    }

    func bindAll(_ values: [any SQLBindable]) throws(StorageError) {
        var index: Int32 = 0
        for value in values {
            index += 1
            value.bind(to: self, at: index)
        }
        if index != parameterCount { throw wrongCount(values.count) }
    }

    private func wrongCount(_ given: Int) -> StorageError {
        bindCode = SQLITE_OK
        return .misuse("\(given) values for \(parameterCount) parameters of \(sql.text)")
    }
}
