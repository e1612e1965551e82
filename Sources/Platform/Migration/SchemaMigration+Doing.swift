import Core
import Scripting
import Storage

extension SchemaMigration {
    /// Carries a plan out, inside the caller's transaction.
    ///
    /// - Parameter scope: for the functions of backfills, which may read.
    /// - Throws: 409 `plugin.data_breaks` where rows break what is declared; what a backfill's function throws.
    func carryOut(_ plan: Plan, _ db: Connection, _ scope: RunScope) throws {
        for (table, from, to) in plan.renames { try db.execute(script: "ALTER TABLE \(table) RENAME COLUMN \"\(from)\" TO \"\(to)\"") }
        try createTables(plan, db)
        for (table, column) in plan.additions { try db.execute(script: "ALTER TABLE \(table) ADD COLUMN \(column.definition)") }
        for (file, fill) in plan.backfills { try backfill(file, fill, plan, db, scope) }
        for (table, rebuild) in plan.rebuilt.sorted(by: { $0.key < $1.key }) { try check(table, rebuild, db) }
        for table in plan.droppedTables {
            if let other = try RecordSchema.referrers(of: table, db).first(where: { !plan.droppedTables.contains($0) }) {
                throw Problem(409, "plugin.data_breaks", "\(table) cannot be dropped: rows of \(other) refer to it.", field: table)
            }
        }
        if !plan.rebuilt.isEmpty || !plan.droppedTables.isEmpty {
            do {
                try db.withoutForeignKeys(checking: plan.rebuilt.keys.sorted()) {
                    for table in plan.droppedTables { try db.execute(script: "DROP TABLE IF EXISTS \(table)") }
                    for (table, rebuild) in plan.rebuilt.sorted(by: { $0.key < $1.key }) { try remake(table, rebuild, plan, db) }
                }
            } catch StorageError.unsound(let what) {
                throw Problem(409, "plugin.data_breaks", "A row that is referred to is missing: \(what).")
            }
        }
        try makeIndexes(plan, db)
    }

    private func createTables(_ plan: Plan, _ db: Connection) throws {
        for type in after {
            // A type's table and those of its lines are new together, or one by one.
            for table in Self.tables(type) where plan.newTables.contains(table.name) {
                guard let target = plan.target.tables[table.name] else { continue }
                try db.execute(script: statement(table.name, target.columns, target))
                for sql in target.indexes.sorted(by: { $0.key < $1.key }).map(\.value) + target.triggers.sorted(by: { $0.key < $1.key }).map(\.value) {
                    try db.execute(script: sql)
                }
            }
        }
    }

    private func statement(_ name: String, _ columns: [RecordSchema.Column], _ table: RecordSchema.Table) -> String {
        "CREATE TABLE \(name) (\n  \((columns.map(\.definition) + table.constraints).joined(separator: ",\n  "))\n) \(table.options)"
    }

    // MARK: Looking at the data

    /// Whether the rows that there are fit what their columns become.
    private func check(_ table: String, _ rebuild: Plan.Rebuild, _ db: Connection) throws {
        let present = try RecordSchema(db, tables: [table]).tables[table]
        for (from, to) in rebuild.changed {
            guard present?.column(to.name) != nil else {
                let rows = try db.integer(SQL("SELECT count(*) FROM \(table)"))
                guard rows == 0 else {
                    throw Self.dataBreaks(
                        table, to.name, rows,
                        "is new and must be filled in: give it a default, or fill it by a backfill in a migration file")
                }
                continue
            }
            // A field that gets a default is filled with it where it is empty.
            if to.isNotNull, !to.hasDefault, from?.isNotNull != true {
                let rows = try db.integer(SQL("SELECT count(*) FROM \(table) WHERE \"\(to.name)\" IS NULL"))
                if rows > 0 { throw Self.dataBreaks(table, to.name, rows, "must be filled in, and is not") }
            }
            if let check = to.check, check != from?.check {
                let rows = try db.integer(SQL("SELECT count(*) FROM \(table) WHERE NOT (\(check))"))
                if rows > 0 { throw Self.dataBreaks(table, to.name, rows, "is narrower than what is there (\(check))") }
            }
        }
    }

    static func dataBreaks(_ table: String, _ column: String, _ rows: Int64, _ what: String) -> Problem {
        Problem(
            409, "plugin.data_breaks", "\(table).\(column) \(what): \(rows) row\(rows == 1 ? "" : "s").", field: "\(table).\(column)",
            extra: [("rows", .int(rows))])
    }

    // MARK: Making a table anew

    /// Foreign keys are not followed meanwhile, so that rows keep their ids and nothing that refers to them goes.
    private func remake(_ name: String, _ rebuild: Plan.Rebuild, _ plan: Plan, _ db: Connection) throws {
        guard let target = plan.target.tables[name], let present = try RecordSchema(db, tables: [name]).tables[name] else { return }
        // What nobody declares any more keeps its column, and may be empty.
        let kept = present.columns.filter { column in
            target.column(column.name) == nil && !rebuild.dropped.contains(column.name)
        }.map { $0.hasDefault ? $0 : $0.optional }
        let columns = target.columns + kept
        let copied = columns.filter { present.column($0.name) != nil }
        let names = copied.map { "\"\($0.name)\"" }.joined(separator: ", ")
        let values = copied.map { column in
            let filled = column.isNotNull && present.column(column.name)?.isNotNull == false ? column.defaultValue : nil
            return filled.map { "coalesce(\"\(column.name)\", \($0))" } ?? "\"\(column.name)\""
        }.joined(separator: ", ")
        let new = "new__\(name)"
        try db.execute(
            script: """
                \(statement(new, columns, target));
                INSERT INTO \(new) (\(names)) SELECT \(values) FROM \(name);
                DROP TABLE \(name);
                ALTER TABLE \(new) RENAME TO \(name);
                """)
        // With the table went its triggers and indexes.
        for sql in target.triggers.sorted(by: { $0.key < $1.key }).map(\.value) { try db.execute(script: sql) }
        for (index, sql) in target.indexes.sorted(by: { $0.key < $1.key }) { try makeIndex(name, index, sql, db) }
    }

    private func makeIndexes(_ plan: Plan, _ db: Connection) throws {
        for change in plan.indexes where plan.rebuilt[change.table] == nil {
            if change.kind == .dropIndex {
                try db.execute(script: "DROP INDEX IF EXISTS \(change.name)")
            } else {
                try makeIndex(change.table, change.name, change.detail, db)
            }
        }
    }

    private func makeIndex(_ table: String, _ name: String, _ sql: String, _ db: Connection) throws {
        do throws(StorageError) {
            try db.execute(script: sql)
        } catch {
            guard case .constraint(let violation) = error, violation.kind == .unique else { throw error }
            throw Problem(
                409, "plugin.data_breaks", "\(table): \(name) is to be unique, and rows share the same values.", field: table)
        }
    }

    // MARK: Backfills

    private static let batch = 500

    /// Fills one field of all rows, without audit rows and hooks: one upgrade is one change.
    private func backfill(
        _ file: MigrationFile, _ fill: MigrationFile.Backfill, _ plan: Plan, _ db: Connection, _ scope: RunScope
    ) throws {
        guard let type = after.first(where: { $0.name == fill.type }), let column = type.table.column(fill.field) else { return }
        let table = type.table.name
        let present = try RecordSchema(db, tables: [table]).tables[table]
        // The fields of after, and those that go.
        let former = before.first { $0.name == fill.type }?.table.columns ?? []
        let readable = (type.table.columns + former.filter { type.table.column($0.field.name) == nil }).filter { present?.column($0.name) != nil }
        let names = readable.map { ", \"\($0.name)\"" }.joined()
        let select = SQL("SELECT id\(names) FROM \(table) WHERE id > ?1 ORDER BY id LIMIT \(Self.batch)")
        let update = SQL("UPDATE \(table) SET \"\(column.name)\" = ?1 WHERE id = ?2")
        for name in present?.triggers.keys.sorted() ?? [] { try db.execute(script: "DROP TRIGGER \(name)") }
        var last: Int64 = 0
        while let rows = try read(select, after: last, readable, db), let end = rows.last?.id {
            last = end
            let results = try values(file, fill, rows.map(\.values), scope)
            for (row, value) in zip(rows, results) { try write(value, column, update, row.id, file, fill, db) }
        }
        for sql in present?.triggers.sorted(by: { $0.key < $1.key }).map(\.value) ?? [] { try db.execute(script: sql) }
    }

    /// The next rows with the fields that a backfill sees.
    private func read(
        _ select: SQL, after last: Int64, _ columns: [RecordColumn], _ db: Connection
    ) throws -> [(id: Int64, values: Value)]? {
        var rows: [(id: Int64, values: Value)] = []
        let statement = try db.statement(select)
        defer { statement.reset() }
        statement.bind(1, last)
        while try statement.step() {
            var values: Object = ["id": .int(statement.int64(0))]
            for (offset, column) in columns.enumerated() {
                let value = column.value(statement, Int32(offset + 1), currency: currency)
                if value != .null { values[column.field.name] = value }
            }
            rows.append((statement.int64(0), .object(values)))
        }
        return rows
    }

    private func write(
        _ value: Value, _ column: RecordColumn, _ update: SQL, _ id: Int64, _ file: MigrationFile, _ fill: MigrationFile.Backfill,
        _ db: Connection
    ) throws {
        var faults: [Schema.Fault] = []
        let stored = column.stored(value, currency: currency, place: fill.field, &faults)
        guard let stored, faults.isEmpty else {
            throw DeclarationError(
                file: file.file, field: fill.path, message: "gave \(fill.type) \(id) a value that \(faults.first?.message ?? "does not fit")")
        }
        let statement = try db.statement(update)
        defer { statement.reset() }
        column.bind(stored, to: statement, at: 1)
        statement.bind(2, id)
        _ = try statement.step()
    }

    private func values(
        _ file: MigrationFile, _ fill: MigrationFile.Backfill, _ rows: [Value], _ scope: RunScope
    ) throws -> [Value] {
        if let value = fill.value { return rows.map { _ in value } }
        scope.scriptLimits = .read
        let run = HostRun(scope, phase: .migrate, package: scope.revision.plugins.package(file.plugin))
        let results: Value = try ScriptCall.each(
            file.program, fill.path, run,
            arguments: { writer in
                writer.beginArray(rows.count)
                for row in rows { writer.write(.array([row])) }
            }, result: { try $0.readValue() })
        return results.items ?? []
    }
}
