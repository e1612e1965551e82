import CSQLite
import Glibc

/// What a SELECT gives and takes.
package struct SelectDescription: Sendable, Equatable {
    package let columns: [String]
    /// With their leading sign, ":from".
    package let parameters: [String]
}

// For statements that somebody else wrote.

extension Connection {
    /// Prepares a single SELECT under a rule, and does not run it.
    ///
    /// - Throws: `.denied` for what the rule forbids, `.statement` for what does not read as SQL, `.misuse` for anything but one
    ///   statement that gives rows and changes nothing.
    package func describe(select text: String, judgedBy rule: @escaping Authorizer) throws -> SelectDescription {
        try authorized(by: rule) {
            var handle: OpaquePointer?
            var text = text
            var rest = 0
            let code = text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { start in
                    var tail: UnsafePointer<CChar>?
                    let code = sqlite3_prepare_v3(self.handle, start.baseAddress, Int32(start.count), 0, &handle, &tail)
                    if let tail, let first = start.baseAddress { rest = start.count - (tail - first) }
                    return code
                }
            }
            defer { sqlite3_finalize(handle) }
            if code != SQLITE_OK { throw failure(code, text) }
            guard let handle, text.utf8.suffix(rest).allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) else {
                throw StorageError.misuse("more or less than one statement")
            }
            guard sqlite3_stmt_readonly(handle) != 0, sqlite3_stmt_isexplain(handle) == 0, sqlite3_column_count(handle) > 0 else {
                throw StorageError.misuse("a statement that is no SELECT")
            }
            return SelectDescription(
                columns: (0..<sqlite3_column_count(handle)).map { sqlite3_column_name(handle, $0).map { String(cString: $0) } ?? "" },
                parameters: (0..<sqlite3_bind_parameter_count(handle)).map {
                    sqlite3_bind_parameter_name(handle, $0 + 1).map { String(cString: $0) } ?? "?"
                })
        }
    }

    /// Runs `body` with lower limits on the length of values (in bytes) and the number of columns.
    package func limited<T>(length: Int32, columns: Int32, _ body: () throws -> T) rethrows -> T {
        let before = (sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, length), sqlite3_limit(handle, SQLITE_LIMIT_COLUMN, columns))
        defer {
            sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, before.0)
            sqlite3_limit(handle, SQLITE_LIMIT_COLUMN, before.1)
        }
        return try body()
    }
}

extension Statement {
    /// 1-based; nil if the statement has no parameter of that name.
    /// - Parameter name: with its leading sign.
    package func parameter(_ name: String) -> Int32? {
        let index = sqlite3_bind_parameter_index(handle, name)
        return index > 0 ? index : nil
    }
}
