import Core
import Storage

/// What is in a tenant's database, in figures: rows and the newest instants of every record type, entries, audit rows. Two of
/// them tell what a restore brought back and what it lost.
package struct DatabaseFigures: Sendable, Equatable {
    package struct Line: Sendable, Equatable {
        /// `pos.sale`, or `ledger.entry`, `audit.row`.
        package let type: String
        package let rows: Int64
        /// The greatest value of `created_at` and of each instant that every record of the type has.
        package let newest: [String: String]
    }

    package let lines: [Line]

    private static let entries = SQL("SELECT count(*), max(recorded_at) FROM ledger_entries")
    private static let auditRows = SQL("SELECT count(*), max(at) FROM platform_audit")

    /// Reads every table once; for threads that may wait.
    /// - Throws: what a damaged table throws.
    package static func read(_ db: Connection) throws -> DatabaseFigures {
        var lines: [Line] = []
        func add(_ type: String, _ fields: [(name: String, sql: String)], table: String) throws {
            let sums = fields.map { ", max(\($0.sql))" }.joined()
            try db.each(SQL("SELECT count(*)\(sums) FROM \(table)")) { row in
                var newest: [String: String] = [:]
                for (place, field) in fields.enumerated() { newest[field.name] = row.optionalText(Int32(place + 1)) }
                lines.append(Line(type: type, rows: row.int(0), newest: newest))
                return true
            }
        }
        for type in try RevisionLibrary(db).current().plugins.typesInOrder {
            let instants = type.table.columns.filter { $0.field.kind == .instant && $0.field.required }.map { ($0.field.jsonName, $0.sql) }
            try add(type.name, [("created_at", "created_at")] + instants, table: type.table.name)
            for lines in type.table.lines { try add("\(type.name).\(lines.field.name)", [], table: lines.table.name) }
        }
        try add("ledger.entry", [("recorded_at", "recorded_at")], table: "ledger_entries")
        try add("audit.row", [("at", "at")], table: "platform_audit")
        return DatabaseFigures(lines: lines)
    }

    /// The last thing that was written down.
    package var newest: String? { lines.flatMap { $0.newest.values }.max() }

    package var value: Value {
        .array(
            lines.map { line in
                [
                    "type": .string(line.type), "rows": .int(line.rows),
                    "newest": .object(Object(line.newest.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
                ]
            })
    }

    /// Both sides of every type that one of them has.
    package static func compare(before: DatabaseFigures?, after: DatabaseFigures) -> Value {
        var old: [String: Line] = [:]
        for line in before?.lines ?? [] { old[line.type] = line }
        var all = after.lines
        let known = Set(all.map(\.type))
        all += (before?.lines ?? []).filter { !known.contains($0.type) }.map { Line(type: $0.type, rows: 0, newest: [:]) }
        func shown(_ newest: [String: String]?) -> Value {
            newest.map { .object(Object($0.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })) } ?? .null
        }
        return .array(
            all.map { line in
                [
                    "type": .string(line.type), "rows_before": old[line.type].map { .int($0.rows) } ?? .null, "rows_after": .int(line.rows),
                    "newest_before": shown(old[line.type]?.newest), "newest_after": shown(line.newest),
                ]
            })
    }

    package static let schema: Schema = .array(
        .object([
            .init("type", .string(), required: true, example: "pos.sale"), .init("rows", .integer(minimum: 0), required: true),
            .init("newest", .map(.string()), required: true, "The greatest created_at, and of every instant that each record has.", example: [:]),
        ]))

    package static let comparisonSchema: Schema = .array(
        .object([
            .init("type", .string(), required: true, example: "pos.sale"),
            .init("rows_before", .nullable(.integer(minimum: 0)), required: true, "Null where what was there could not be read."),
            .init("rows_after", .integer(minimum: 0), required: true),
            .init("newest_before", .nullable(.map(.string())), required: true, example: .null),
            .init("newest_after", .nullable(.map(.string())), required: true, example: [:]),
        ]))
}
