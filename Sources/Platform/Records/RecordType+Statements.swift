import Core
import Storage
import Synchronization

/// The statements that depend on which fields a query or an update names. Each shape is made once and kept with the type.
package final class RecordStatements: Sendable {
    private let made = Mutex<[String: SQL]>([:])
    private let masked = Mutex<[UInt64: SQL]>([:])
    /// More shapes than this are not kept, so that callers cannot make the cache grow without end.
    private static let capacity = 200

    func statement(_ shape: String, _ text: () throws -> String) rethrows -> SQL {
        if let found = made.withLock({ $0[shape] }) { return found }
        let statement = SQL(try text())
        made.withLock { if $0.count < Self.capacity { $0[shape] = statement } }
        return statement
    }

    func statement(_ mask: UInt64, _ text: () -> String) -> SQL {
        masked.withLock { made in
            if let found = made[mask] { return found }
            let statement = SQL(text())
            if made.count < Self.capacity { made[mask] = statement }
            return statement
        }
    }
}

extension RecordType {
    /// The SELECT for a query's shape.
    /// - Throws: 422 `record.filter_invalid` for a field that the type does not have.
    func select(_ query: RecordQuery) throws -> SQL {
        try query.check(self)
        return try statements.statement(query.shape) {
            var marks = Marks()
            var terms = try terms(query, &marks)
            var order = try query.order.map { (column: try columnName($0.field), descending: $0.descending, isNeverEmpty: isNeverEmpty($0.field)) }
            order.append(("id", query.order.last?.descending ?? false, true))
            if query.after != nil {
                // (a, b, id) after (x, y, z), with a direction for each: a beyond x, or a = x and (b beyond y, or …).
                var term = ""
                let places = order.map { _ in marks.next() }
                for (position, key) in order.enumerated().reversed() {
                    let place = places[position]
                    var beyond = "\(key.column) \(key.descending ? "<" : ">") \(place)"
                    if !key.isNeverEmpty {
                        // Empty fields come first, and last when descending.
                        beyond = key.descending
                            ? "(\(beyond) OR (\(place) IS NOT NULL AND \(key.column) IS NULL))"
                            : "(\(beyond) OR (\(place) IS NULL AND \(key.column) IS NOT NULL))"
                    }
                    let equal = "\(key.column) \(key.isNeverEmpty ? "=" : "IS") \(place)"
                    term = term.isEmpty ? beyond : "(\(beyond) OR (\(equal) AND \(term)))"
                }
                terms.append(term)
            }
            let filter = terms.isEmpty ? "" : " WHERE \(terms.joined(separator: " AND "))"
            let keys = order.map { "\($0.column)\($0.descending ? " DESC" : "")" }.joined(separator: ", ")
            return "SELECT \(table.selectList) FROM \(table.name)\(filter) ORDER BY \(keys) LIMIT \(marks.next())"
        }
    }

    /// The count of the rows that fit a query's conditions.
    func count(_ query: RecordQuery) throws -> SQL {
        try query.check(self)
        return try statements.statement("count " + query.shape) {
            var marks = Marks()
            let terms = try terms(query, &marks)
            return "SELECT count(*) FROM \(table.name)\(terms.isEmpty ? "" : " WHERE \(terms.joined(separator: " AND "))")"
        }
    }

    /// The total of a column over the rows that fit a query's conditions; zero where there are none.
    func sum(_ column: RecordColumn, _ query: RecordQuery) throws -> SQL {
        try query.check(self)
        return try statements.statement("sum \(column.name) \(query.shape)") {
            var marks = Marks()
            let terms = try terms(query, &marks)
            return "SELECT coalesce(sum(\(column.sql)), 0) FROM \(table.name)\(terms.isEmpty ? "" : " WHERE \(terms.joined(separator: " AND "))")"
        }
    }

    /// Parameter marks in the order in which `RecordQuery.bind` binds.
    private struct Marks {
        private var number = 0

        mutating func next() -> String {
            number += 1
            return "?\(number)"
        }
    }

    private func terms(_ query: RecordQuery, _ marks: inout Marks) throws -> [String] {
        var terms: [String] = table.softDelete ? ["deleted_at IS \(query.deleted ? "NOT " : "")NULL"] : []
        for condition in query.conditions {
            let column = try columnName(condition.field)
            switch condition.op {
            case _ where condition.value == .null:
                terms.append("\(column) IS \(condition.op == .notEqual ? "NOT " : "")NULL")
            case .isIn:
                var list: [String] = []
                for _ in condition.value.array ?? [] { list.append(marks.next()) }
                terms.append("\(column) IN (\(list.joined(separator: ", ")))")
            case .begins:
                terms.append("\(column) >= \(marks.next()) AND \(column) < \(marks.next())")
            default:
                terms.append("\(column) \(condition.op.sql) \(marks.next())")
            }
        }
        return terms
    }

    /// The UPDATE that sets these columns: ?1 the id, ?2 the time, then the columns; answers the new version.
    func update(of columns: [String]) -> SQL {
        statements.statement("update " + columns.joined(separator: " ")) {
            let set = columns.enumerated().map { "\($1) = ?\($0 + 3)" } + ["updated_at = ?2", "version = version + 1"]
            let live = table.softDelete ? " AND deleted_at IS NULL" : ""
            return "UPDATE \(table.name) SET \(set.joined(separator: ", ")) WHERE id = ?1\(live) RETURNING version"
        }
    }

    private func columnName(_ field: String) throws -> String {
        if RecordTable.systemFields.contains(field) { return field }
        guard let column = table.column(field), column.isSearchable else {
            throw RecordQuery.wrong("\(name) has no such field to look for or sort by", field)
        }
        return column.sql
    }

    private func isNeverEmpty(_ field: String) -> Bool {
        table.column(field)?.field.isNeverEmpty ?? true
    }
}

extension RecordColumn {
    /// Whether one can look for its values and sort by them.
    var isSearchable: Bool { field.kind != .json && field.kind != .encrypted }

    /// Whether its values can be added up.
    var isSummable: Bool {
        switch field.kind {
        case .integer, .decimal, .percent, .money: true
        default: false
        }
    }
}
