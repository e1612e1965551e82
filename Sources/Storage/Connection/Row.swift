import CSQLite
import Core

/// The current row of a statement: valid inside the closure that it is given to. Columns count from 0.
///
/// The readers convert as SQLite does (a NULL reads as 0 or ""); use the optional ones where a column may be NULL.
package struct Row {
    @usableFromInline let handle: OpaquePointer

    package var count: Int32 { sqlite3_column_count(handle) }
    package func name(_ column: Int32) -> String { sqlite3_column_name(handle, column).map { String(cString: $0) } ?? "" }

    package func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
    package func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    package func bool(_ column: Int32) -> Bool { sqlite3_column_int64(handle, column) != 0 }
    package func double(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }
    package func text(_ column: Int32) -> String { withText(column) { String(decoding: $0, as: UTF8.self) } }

    package func bytes(_ column: Int32) -> [UInt8] {
        let start = sqlite3_column_blob(handle, column)
        return Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, column))))
    }

    package func optionalInt(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }
    package func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
    package func optionalBytes(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : bytes(column) }

    /// The column's UTF-8 in place.
    package func withText<T>(_ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows -> T {
        // In this order: reading the text may convert the value, and only then is its length right.
        let start = sqlite3_column_text(handle, column)
        return try body(UnsafeBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, column))))
    }

    /// As it is stored: null, int, double, string; a blob as a string of hexadecimal digits.
    package func value(_ column: Int32) -> Value {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: .int(int(column))
        case SQLITE_FLOAT: .double(double(column))
        case SQLITE_TEXT: .string(text(column))
        case SQLITE_BLOB: .string(Hex.encode(bytes(column)))
        default: .null
        }
    }

    /// All columns under their names.
    package var object: Object {
        var object = Object()
        for column in 0..<count { object.append(name(column), value(column)) }
        return object
    }

    // MARK: What is stored as text; throws what the type's reader throws, for a damaged row

    package func date(_ column: Int32) throws -> CalendarDate { try CalendarDate(text(column)) }
    package func instant(_ column: Int32) throws -> Instant { try Instant(text(column)) }
    package func decimal(_ column: Int32) throws -> Decimal { try Decimal(text(column)) }
    package func optionalDate(_ column: Int32) throws -> CalendarDate? { isNull(column) ? nil : try date(column) }
    package func optionalInstant(_ column: Int32) throws -> Instant? { isNull(column) ? nil : try instant(column) }
}
