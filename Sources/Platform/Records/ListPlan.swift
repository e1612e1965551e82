import Core
import Storage

/// How the database finds the rows of one filter of a record type's list, or of one order.
package struct ListPlan: Sendable {
    package let type: String
    /// The filter's or order's field, by its JSON name; empty for the list as it is.
    package let field: String
    package let isOrder: Bool
    /// Whether the declaration promises an index: `index`, `unique`, or the first of `indexes`.
    package let isDeclared: Bool
    /// As SQLite tells it.
    package let plan: [String]

    /// Whether the whole table, or a whole index, may have to be read.
    package var isScan: Bool { plan.contains { $0.hasPrefix("SCAN ") } }
    /// Whether the rows are put in order after they were found.
    package var sorts: Bool { plan.contains { $0.contains("TEMP B-TREE") } }
    /// The index that is used; `rowid` for the table's own order; nil for none.
    package var index: String? {
        for step in plan {
            for words in [" USING INDEX ", " USING COVERING INDEX ", " USING AUTOMATIC COVERING INDEX "] {
                guard let range = step.firstRange(of: words) else { continue }
                return String(step[range.upperBound...].prefix { $0 != " " })
            }
            if step.contains("USING INTEGER PRIMARY KEY") { return "rowid" }
        }
        return nil
    }

    package var value: Value {
        [
            "type": .string(type), "field": .string(field), "kind": .string(isOrder ? "order" : "filter"), "declared": .bool(isDeclared),
            "index": index.map { .string($0) } ?? .null, "scan": .bool(isScan), "sorts": .bool(sorts),
            "plan": .array(plan.map { .string($0) }),
        ]
    }

    /// Every filter of a list, then every order.
    package static func all(of type: RecordType, _ db: Connection) throws -> [ListPlan] {
        // Explaining reads nothing, so that a connection would not notice that indexes have come or gone.
        try db.run(lookAtSchema)
        let first = Set(type.table.indexes.filter { $0.filter.isEmpty }.compactMap(\.fields.first))
        let fields = type.fields.filter { type.table.column($0.name)?.isSearchable == true }
        return try [false, true].flatMap { isOrder in
            try fields.map { field in
                var query = RecordQuery()
                if isOrder {
                    query.order = [(field.name, false)]
                } else {
                    query.conditions = [RecordQuery.Condition(field: field.name, op: .equal, value: "")]
                }
                return ListPlan(
                    type: type.name, field: field.jsonName, isOrder: isOrder,
                    isDeclared: field.indexed || field.unique || first.contains(field.name), plan: try plan(of: try type.select(query), db))
            }
        }
    }

    private static let lookAtSchema = SQL("SELECT count(*) FROM sqlite_schema")

    private static func plan(of sql: SQL, _ db: Connection) throws -> [String] {
        let statement = try db.statement(SQL("EXPLAIN QUERY PLAN " + sql.text))
        defer { statement.reset() }
        var steps: [String] = []
        while try statement.step() { steps.append(statement.text(3)) }
        return steps
    }
}
