import Core
import Storage

/// Which rows of a record type, in what order, how many.
///
/// The SQL depends on the query's shape alone (fields, operators, order), so that one prepared statement serves all values.
package struct RecordQuery {
    package enum Operator: String, Sendable, CaseIterable {
        case equal = "eq"
        case notEqual = "ne"
        case less = "lt"
        case atMost = "le"
        case greater = "gt"
        case atLeast = "ge"
        /// One of several values.
        case isIn = "in"
        /// Text that begins with the value.
        case begins = "begins"

        /// By its name; `gte` and `lte` are said too.
        init?(named word: String) {
            switch word {
            case "gte": self = .atLeast
            case "lte": self = .atMost
            default: self.init(rawValue: word)
            }
        }

        var sql: String {
            switch self {
            case .equal: "="
            case .notEqual: "<>"
            case .less: "<"
            case .atMost: "<="
            case .greater: ">"
            case .atLeast: ">="
            case .isIn, .begins: "IN"
            }
        }
    }

    package struct Condition {
        let field: String
        let op: Operator
        let value: Value
    }

    package var conditions: [Condition] = []
    package var order: [(field: String, descending: Bool)] = []
    package var limit: Int
    /// Those that were deleted and can be brought back, in place of the others.
    package var deleted = false
    /// Rows after this one in the order: its values of the order's fields, then its id.
    package var after: [Value]?

    package init(limit: Int = 50) {
        self.limit = limit
    }

    /// A filter as scripts and requests write it: `{ sku = "A" }`, `{ price = { gt = 100 } }`, `{ sku = { ["in"] = { "A", "B" } } }`.
    /// - Throws: 422 `record.filter_invalid` naming the field or operator.
    package mutating func filter(_ filter: Object) throws {
        for (field, condition) in filter {
            if case .object(let operators) = condition {
                for (word, value) in operators {
                    guard let op = Operator(named: word) else {
                        throw Self.wrong("“\(word)” is not an operator; there are \(Operator.allCases.map(\.rawValue).joined(separator: ", "))", field)
                    }
                    conditions.append(Condition(field: field, op: op, value: value))
                }
            } else {
                conditions.append(Condition(field: field, op: .equal, value: condition))
            }
        }
    }

    static func wrong(_ message: String, _ field: String) -> Problem {
        Problem(422, "record.filter_invalid", "The filter on “\(field)”: \(message).", field: field)
    }

    /// - Throws: 422 `record.filter_invalid` for an operator that does not fit its field or its value.
    func check(_ type: RecordType) throws {
        for condition in conditions {
            switch condition.op {
            case .isIn:
                guard case .array(let values) = condition.value, values.count <= 500, !values.contains(.null) else {
                    throw Self.wrong("“in” takes a list of at most 500 values", condition.field)
                }
            case .begins:
                let kind = type.table.column(condition.field)?.field.kind
                guard case .string = condition.value, kind == .text || kind == .enum else {
                    throw Self.wrong("“begins” takes text, for a field that is text", condition.field)
                }
            case .less, .atMost, .greater, .atLeast:
                if condition.value == .null { throw Self.wrong("“\(condition.op.rawValue)” takes a value", condition.field) }
            case .equal, .notEqual: break
            }
        }
        if let after, after.count != order.count + 1 { throw Self.wrong("it belongs to another order", "cursor") }
    }

    /// Names fields and operators, not values: equal for queries that share a statement.
    var shape: String {
        var text = ""
        for condition in conditions {
            text += condition.field + " " + condition.op.rawValue
            if condition.op == .isIn { text += String(condition.value.array?.count ?? 0) }
            if condition.value == .null { text += " null" }
            text += ";"
        }
        for key in order { text += key.descending ? "-" : "+"; text += key.field }
        if after != nil { text += ">" }
        if deleted { text += "deleted" }
        return text
    }

    /// Binds the values in the order in which `RecordType.select` numbered them.
    func bind(_ type: RecordType, to statement: Statement, currency: Currency, limited: Bool = true) throws {
        var index: Int32 = 1
        func bind(_ value: Value, _ field: String) throws {
            var faults: [Schema.Fault] = []
            if field == "id" || field == "version" || field == "created_by" {
                guard case .int(let id) = value else { throw Self.wrong("must be an integer", field) }
                statement.bind(index, id)
            } else if let column = type.table.column(field) {
                guard let stored = column.unbounded.stored(value, currency: currency, place: field, &faults) else {
                    throw Self.wrong(faults.first?.message ?? "has a wrong value", field)
                }
                column.bind(stored, to: statement, at: index)
            } else {
                guard case .string(let text) = value else { throw Self.wrong("must be text", field) }
                statement.bind(index, text)
            }
            index += 1
        }
        for condition in conditions where condition.value != .null {
            switch condition.op {
            case .isIn:
                for value in condition.value.array ?? [] { try bind(value, condition.field) }
            case .begins:
                let text = condition.value.string ?? ""
                statement.bind(index, text)
                statement.bind(index + 1, text + "\u{10FFFF}")
                index += 2
            default:
                try bind(condition.value, condition.field)
            }
        }
        if let after {
            for (value, key) in zip(after, order + [("id", false)]) {
                if value == .null {
                    statement.bindNull(index)
                    index += 1
                } else {
                    try bind(value, key.field)
                }
            }
        }
        if limited { statement.bind(index, Int64(limit)) }
    }
}
