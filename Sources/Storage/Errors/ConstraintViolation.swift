import CSQLite
import Core

/// A row that the schema refuses, told apart by what a caller can do about it.
package struct ConstraintViolation: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case unique, foreignKey = "foreign_key", check, notNull = "not_null", type
        /// A trigger's RAISE, such as that of an append-only table.
        case trigger
    }

    package let kind: Kind
    /// As far as SQLite names it: not for checks, foreign keys and triggers.
    package let table: String?
    package let columns: [String]
    /// The name of the check (its text if it has none) or index, or the trigger's message.
    package let name: String?
}

extension ConstraintViolation {
    /// Reads SQLite's message, such as "UNIQUE constraint failed: sales.branch_id, sales.number".
    init(code: Int32, message: String) {
        kind = Kind.of(code)
        let subject = message.split(separator: ": ", maxSplits: 1).dropFirst().first.map(String.init)
        switch kind {
        case .unique, .notNull:
            if let subject, !subject.hasPrefix("index ") {
                let places = subject.split(separator: ",").map {
                    $0.drop { $0 == " " }.split(separator: ".", maxSplits: 1).map(String.init)
                }
                table = places.first?.first
                columns = places.compactMap { $0.count == 2 ? $0[1] : nil }
                name = nil
            } else {
                table = nil
                columns = []
                name = subject.map { String($0.dropFirst("index ".count).filter { $0 != "'" }) }
            }
        case .type:  // cannot store TEXT value in INTEGER column sales.total_minor
            let place = message.split(separator: " ").last.map {
                $0.split(separator: ".", maxSplits: 1).map(String.init)
            }
            table = place?.first
            columns = place.map { $0.dropFirst().map { $0 } } ?? []
            name = nil
        case .check, .foreignKey:
            table = nil
            columns = []
            name = subject
        case .trigger:
            table = nil
            columns = []
            name = message
        }
    }

    var status: Int { kind == .unique ? 409 : 422 }

    var detail: String {
        let place = columns.isEmpty ? (table ?? name ?? "a row") : columns.joined(separator: ", ")
        return switch kind {
        case .unique: "There is already a row with this \(place)."
        case .foreignKey: "A row that is referred to does not exist, or is still referred to."
        case .check: "A value is outside what \(name ?? "the table") allows."
        case .notNull: "A value for \(place) is missing."
        case .type: "A value for \(place) is of the wrong type."
        case .trigger: name ?? "The change is refused."
        }
    }

    func problem(code: String) -> Problem {
        var extra: [(String, Value)] = [("constraint", .string(kind.rawValue))]
        if let table { extra.append(("table", .string(table))) }
        if !columns.isEmpty { extra.append(("columns", .array(columns.map { .string($0) }))) }
        return Problem(status, code, detail, field: columns.first, extra: extra)
    }
}

extension ConstraintViolation.Kind {
    /// From the extended result codes `SQLITE_CONSTRAINT_…`, whose macros do not reach Swift.
    fileprivate static func of(_ code: Int32) -> Self {
        switch code >> 8 {
        case 1: .check
        case 3: .foreignKey
        case 5: .notNull
        case 7: .trigger
        case 12: .type
        default: .unique  // UNIQUE 8, PRIMARYKEY 6, ROWID 10
        }
    }
}
