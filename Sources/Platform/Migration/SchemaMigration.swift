import Core
import Storage

/// Brings a tenant's record tables from what the database has to what a set of plugins declares.
///
/// What only adds or widens is done at once. What would lose data or give it another meaning is refused unless a migration file
/// of the plugin says so; what narrows (a smaller range, a required field) is refused where rows break it. A field that is gone
/// in an older version, to which one rolls back, keeps its column.
struct SchemaMigration {
    /// What the plugins declared until now, and what they declare from now on.
    let before: [RecordType]
    let after: [RecordType]
    /// The migration files that have not been run.
    let migrations: [MigrationFile]
    /// Whether fields and types may be gone: on the way back to an older version, and for plugins that are taken out.
    let keepsWhatIsGone: Bool
    let currency: Currency

    private static let kernelTables = ["branch": "platform_branches", "user": "platform_users", "till": "platform_tills", "file": "platform_files"]

    /// What is to be done, in this order, as far as the declarations tell; the data is looked at when it is done.
    struct Plan {
        var renames: [(table: String, from: String, to: String)] = []
        var newTables: [String] = []
        /// Columns that the tables get at once.
        var additions: [(table: String, column: RecordSchema.Column)] = []
        var backfills: [(file: MigrationFile, fill: MigrationFile.Backfill)] = []
        /// Tables that are made anew, with what is to hold for their rows.
        var rebuilt: [String: Rebuild] = [:]
        var droppedTables: [String] = []
        var indexes: [SchemaChange] = []
        var target = RecordSchema()
        var changes: [SchemaChange] = []

        struct Rebuild {
            var dropped: Set<String> = []
            var changed: [(from: RecordSchema.Column?, to: RecordSchema.Column)] = []
        }
    }

    // MARK: Planning

    /// - Parameter db: the tenant's database; only its schema is read.
    /// - Throws: 422 `plugin.schema_change` naming the type and field whose change needs a migration file.
    func plan(_ db: Connection) throws -> Plan {
        var plan = Plan()
        plan.target = try RecordSchema.declared(after, references: reference)
        let old = Dictionary(before.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        let names = Set(plan.target.tables.keys).union(before.flatMap(Self.tables).map(\.name))
        let present = try RecordSchema(db, tables: names)
        var dropped: [String: Set<String>] = [:]
        var renamed: [String: [String: String]] = [:]
        try readSteps(old, &plan, &dropped, &renamed)
        for type in after {
            guard let former = old[type.name] else { continue }
            try compare(former, type, dropped, renamed)
        }
        for type in before where !after.contains(where: { $0.name == type.name }) {
            let isDropped = Self.tables(type).allSatisfy { plan.droppedTables.contains($0.name) }
            guard isDropped || keepsWhatIsGone else {
                throw Self.refused(type.name, "", "is gone. Keep it, or write { drop_type = \"\(type.name)\" } in a migration file.")
            }
        }
        plan.backfills = migrations.flatMap { file in file.backfills.map { (file, $0) } }
        if let sealed = plan.backfills.first(where: { fill in
            after.first { $0.name == fill.fill.type }?.table.column(fill.fill.field)?.field.kind == .encrypted
        }) {
            throw Self.refused(sealed.fill.type, sealed.fill.field, "is encrypted, so no migration file can fill it. Have a job fill it.")
        }
        plan.backfills = plan.backfills.filter { pair in
            after.contains { $0.name == pair.fill.type && $0.table.column(pair.fill.field) != nil }
        }
        for (name, target) in plan.target.tables.sorted(by: { $0.key < $1.key }) {
            guard let there = present.tables[name] else {
                plan.newTables.append(name)
                plan.changes.append(SchemaChange(kind: .createTable, table: name, name: "", detail: "\(target.columns.count) columns"))
                continue
            }
            difference(name, there, target, dropped[name] ?? [], renamed[name] ?? [:], &plan)
        }
        for name in plan.droppedTables { plan.changes.append(SchemaChange(kind: .dropTable, table: name, name: "", detail: "with its rows")) }
        for (file, fill) in plan.backfills {
            plan.changes.append(SchemaChange(kind: .backfill, table: fill.type, name: fill.field, detail: file.file))
        }
        return plan
    }

    private func reference(_ type: RecordType, _ target: String) throws -> String {
        if let table = Self.kernelTables[target] { return table }
        guard let other = after.first(where: { $0.name == target }) else {
            throw DeclarationError(
                file: "\(type.plugin)/records", field: type.name, message: "refers to \(target), which is no record type here")
        }
        return other.table.name
    }

    /// A type's table and those of its lines.
    static func tables(_ type: RecordType) -> [RecordTable] { [type.table] + type.table.lines.map(\.table) }

    private func table(_ path: [String], _ types: [String: RecordType]) -> RecordTable? {
        guard let type = types["\(path[0]).\(path[1])"] else { return nil }
        return path.count == 4 ? type.table.lines.first { $0.field.name == path[2] }?.table : type.table
    }

    private func readSteps(
        _ old: [String: RecordType], _ plan: inout Plan, _ dropped: inout [String: Set<String>],
        _ renamed: inout [String: [String: String]]
    ) throws {
        for file in migrations {
            for step in file.steps {
                switch step {
                case .renameField(let field, let to):
                    let path = field.split(separator: ".").map(String.init)
                    guard let table = table(path, old), let column = table.column(path[path.count - 1]) else {
                        // Made and renamed between the version that was and this one: there is nothing to rename.
                        continue
                    }
                    if column.field.kind == .encrypted {
                        throw Self.refused(field, "", "is encrypted for its name, so it cannot be renamed. Add a field, and have a job fill it by record.reveal.")
                    }
                    // `price_minor`, `asset_id`: what the kind puts behind the name stays.
                    let new = to + column.name.dropFirst(column.field.name.count)
                    plan.renames.append((table.name, column.name, new))
                    renamed[table.name, default: [:]][column.name] = new
                    plan.changes.append(SchemaChange(kind: .renameColumn, table: table.name, name: column.name, detail: new))
                case .dropField(let field):
                    let path = field.split(separator: ".").map(String.init)
                    let known = table(path, old)?.column(path[path.count - 1])
                    guard let table = table(path, old), let column = known else { continue }
                    dropped[table.name, default: []].insert(column.name)
                case .dropType(let name):
                    guard let type = old[name] else { continue }
                    if after.contains(where: { $0.name == name }) {
                        throw Self.refused(name, "", "is dropped by \(file.file) and declared all the same.")
                    }
                    plan.droppedTables += Self.tables(type).reversed().map(\.name)
                }
            }
        }
    }

    /// What the declarations say of one type, before and after.
    private func compare(
        _ former: RecordType, _ type: RecordType, _ dropped: [String: Set<String>], _ renamed: [String: [String: String]]
    ) throws {
        guard former.table.name == type.table.name else {
            throw Self.refused(
                type.name, "", "is kept in the table \(former.table.name), and would be looked for in \(type.table.name). Say plural = “\(former.table.name.dropFirst(type.plugin.count + 1))”.")
        }
        if former.softDelete, !type.softDelete, !keepsWhatIsGone {
            throw Self.refused(type.name, "", "would delete for good, and what was deleted until now would come back. Keep soft_delete = true.")
        }
        func compare(_ old: RecordTable, _ new: RecordTable, _ place: String) throws {
            for column in old.columns {
                let name = renamed[old.name]?[column.name] ?? column.name
                if dropped[old.name]?.contains(column.name) == true {
                    if new.columns.contains(where: { $0.name == name }) {
                        throw Self.refused(type.name, place + column.field.name, "is dropped by a migration file and declared all the same.")
                    }
                    continue
                }
                guard let next = new.columns.first(where: { $0.name == name }) else {
                    if keepsWhatIsGone { continue }
                    throw Self.refused(
                        type.name, place + column.field.name,
                        "is gone or has another kind. Keep it, or say in a migration file that it is renamed or dropped.")
                }
                guard column.field.kind == next.field.kind, column.places == next.places || column.field.kind != .decimal && column.field.kind != .percent
                else {
                    throw Self.refused(
                        type.name, place + column.field.name,
                        "was a \(Self.kind(column)) and would become a \(Self.kind(next)). Add a field with another name, fill it by a backfill, and drop this one.")
                }
            }
            for line in old.lines {
                guard let next = new.lines.first(where: { $0.table.name == line.table.name }) else {
                    if keepsWhatIsGone { continue }
                    throw Self.refused(type.name, place + line.field.name, "is gone, with all lines in it. Keep it.")
                }
                try compare(line.table, next.table, "\(line.field.name).")
            }
        }
        try compare(former.table, type.table, "")
    }

    private static func kind(_ column: RecordColumn) -> String {
        switch column.field.kind {
        case .decimal, .percent: "\(column.field.kind.rawValue) with \(column.places) places"
        default: column.field.kind.rawValue
        }
    }

    /// What SQLite has to be told about one table.
    private func difference(
        _ name: String, _ present: RecordSchema.Table, _ target: RecordSchema.Table, _ dropped: Set<String>,
        _ renamed: [String: String], _ plan: inout Plan
    ) {
        let there = Dictionary(
            present.columns.map { (renamed[$0.name] ?? $0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var rebuild = Plan.Rebuild()
        var isRebuilt = present.constraints != target.constraints || present.triggers != target.triggers
        for column in target.columns {
            guard let old = there[column.name] else {
                plan.changes.append(SchemaChange(kind: .addColumn, table: name, name: column.name, detail: column.definition))
                if Self.isAddable(column) {
                    plan.additions.append((name, column))
                } else if plan.backfills.contains(where: { self.column(of: $0.fill) == (name, column.name) }) {
                    plan.additions.append((name, column.optional))
                    rebuild.changed.append((nil, column))
                    isRebuilt = true
                } else {
                    rebuild.changed.append((nil, column))
                    isRebuilt = true
                }
                continue
            }
            if RecordSchema.Column(name: column.name, definition: Self.renaming(old.definition, old.name, column.name)) != column {
                plan.changes.append(SchemaChange(kind: .changeColumn, table: name, name: column.name, detail: column.definition))
                rebuild.changed.append((old, column))
                isRebuilt = true
            }
        }
        for column in present.columns where target.column(renamed[column.name] ?? column.name) == nil {
            if dropped.contains(column.name) {
                plan.changes.append(SchemaChange(kind: .dropColumn, table: name, name: column.name, detail: "with what is in it"))
                rebuild.dropped.insert(column.name)
                isRebuilt = true
            } else if column.isNotNull, !column.hasDefault {
                // Stays for the version that knows it; the one to come does not fill it in.
                isRebuilt = true
            }
        }
        if isRebuilt { plan.rebuilt[name] = rebuild }
        for (index, sql) in target.indexes.sorted(by: { $0.key < $1.key }) where present.indexes[index] != sql {
            plan.indexes.append(SchemaChange(kind: .createIndex, table: name, name: index, detail: sql))
        }
        for (index, sql) in present.indexes.sorted(by: { $0.key < $1.key }) where target.indexes[index] != sql {
            plan.indexes.insert(SchemaChange(kind: .dropIndex, table: name, name: index, detail: sql), at: 0)
        }
        plan.changes += plan.indexes.filter { $0.table == name }
    }

    private func column(of fill: MigrationFile.Backfill) -> (String, String) {
        guard let type = after.first(where: { $0.name == fill.type }), let column = type.table.column(fill.field) else { return ("", "") }
        return (type.table.name, column.name)
    }

    /// What `ALTER TABLE … ADD COLUMN` takes.
    private static func isAddable(_ column: RecordSchema.Column) -> Bool {
        (!column.isNotNull || column.hasDefault) && !(column.hasDefault && column.definition.contains(" REFERENCES "))
    }

    private static func renaming(_ definition: String, _ from: String, _ to: String) -> String {
        if from == to { return definition }
        var text = ""
        var word = ""
        for character in definition + " " {
            if character.isLetter || character.isNumber || character == "_" {
                word.append(character)
            } else {
                text += word == from ? to : word
                text.append(character)
                word = ""
            }
        }
        return String(text.dropLast())
    }

    static func refused(_ type: String, _ field: String, _ message: String) -> Problem {
        let place = field.isEmpty ? type : "\(type).\(field)"
        return Problem(422, "plugin.schema_change", "\(place) \(message)", field: place)
    }
}
