import CBridge
import CSQLite
import Core

/// What can be bound to a parameter of a statement.
package protocol SQLBindable {
    /// - Parameter index: 1-based.
    func bind(to statement: Statement, at index: Int32)
}

extension Int64: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, self) }
}

extension Int: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, Int64(self)) }
}

extension Int32: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, Int64(self)) }
}

/// Stored as 0 or 1.
extension Bool: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, self) }
}

/// For what is measured, never for money, quantities or rates.
extension Double: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, self) }
}

extension String: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, self) }
}

extension Substring: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, String(self)) }
}

extension [UInt8]: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, self) }
}

extension Optional: SQLBindable where Wrapped: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) {
        if let value = self { value.bind(to: statement, at: index) } else { statement.bindNull(index) }
    }
}

/// Stored as ISO text, so that text order is time order.
extension CalendarDate: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, description) }
}

extension CalendarMonth: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, description) }
}

extension Instant: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, description) }
}

/// Stored as its shortest text: exact, but not in numeric order.
extension Decimal: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) { statement.bind(index, description) }
}

/// Money goes as its minor units (its currency is a column of its own), lists and objects as JSON.
extension Value: SQLBindable {
    package func bind(to statement: Statement, at index: Int32) {
        switch self {
        case .null: statement.bindNull(index)
        case .bool(let value): statement.bind(index, value)
        case .int(let value): statement.bind(index, value)
        case .double(let value): statement.bind(index, value)
        case .string(let value): statement.bind(index, value)
        case .decimal(let value): statement.bind(index, value.description)
        case .money(let value): statement.bind(index, value.minor)
        case .array, .object:
            JSON.serialize(self).withUnsafeBufferPointer { statement.bind(index, utf8: $0) }
        }
    }
}
