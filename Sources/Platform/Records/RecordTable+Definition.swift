import Core
import Storage

/// The SQL that makes a table and brings it from one version of its declaration to the next.
extension RecordTable {
    /// `CREATE TABLE`, its indexes and triggers, lines included.
    package func definition(references: (String) throws -> String) rethrows -> String {
        var script = try create(references) + indexDefinitions()
        for (_, table) in lines {
            script += try table.create(references, parent: name) + table.indexDefinitions()
        }
        return script
    }

    /// What brings a database made by `older` to this declaration, where that only adds.
    /// - Throws: `DeclarationError` for a change that would lose or reinterpret data; such a change is written out as a migration.
    package func additions(since older: RecordTable, file: String, references: (String) throws -> String) throws -> String {
        var script = ""
        for column in columns {
            if let before = older.column(column.field.name) {
                guard before.name == column.name, before.sqlType == column.sqlType, before.places == column.places || column.field.kind != .decimal
                else {
                    throw DeclarationError(
                        file: file, field: "fields.\(column.field.name)",
                        message: "changes its kind from \(before.field.kind.rawValue) to \(column.field.kind.rawValue); that needs a migration file")
                }
                let gone = before.field.values.filter { !column.field.values.contains($0) }
                if column.field.kind == .enum, before.field.values != column.field.values {
                    throw DeclarationError(
                        file: file, field: "fields.\(column.field.name)",
                        message: gone.isEmpty ? "adds values to an enum; that needs a migration file" : "drops the values \(gone.joined(separator: ", ")); that needs a migration file")
                }
            } else {
                guard !column.field.required || column.defaultSQL != nil else {
                    throw DeclarationError(
                        file: file, field: "fields.\(column.field.name)", message: "is new and required, so it needs a default for the rows that exist")
                }
                if column.field.unique {
                    throw DeclarationError(file: file, field: "fields.\(column.field.name)", message: "is new and unique; that needs a migration file")
                }
                script += "ALTER TABLE \(name) ADD COLUMN \(try column.definition(references));\n"
            }
        }
        for column in older.columns where self.column(column.field.name) == nil {
            throw DeclarationError(file: file, field: "fields.\(column.field.name)", message: "is gone; dropping data needs a migration file")
        }
        let before = Set(older.indexStatements())
        for statement in indexStatements() where !before.contains(statement) { script += statement }
        for (field, table) in lines {
            if let old = older.lines.first(where: { $0.field.name == field.name })?.table {
                script += try table.additions(since: old, file: file, references: references)
            } else {
                script += try table.create(references, parent: name) + table.indexDefinitions()
            }
        }
        return script
    }

    private func create(_ references: (String) throws -> String, parent: String? = nil) rethrows -> String {
        var parts: [String] = []
        if let parent {
            parts.append("parent_id INTEGER NOT NULL REFERENCES \(parent) (id) ON DELETE CASCADE")
            parts.append("line_number INTEGER NOT NULL CHECK (line_number > 0)")
        } else {
            parts.append("id INTEGER PRIMARY KEY")
        }
        for column in columns { parts.append(try column.definition(references)) }
        if parent == nil {
            parts.append("version INTEGER NOT NULL DEFAULT 1")
            parts.append("created_at TEXT NOT NULL")
            parts.append("created_by INTEGER NOT NULL")
            parts.append("updated_at TEXT NOT NULL")
            if softDelete { parts.append("deleted_at TEXT") }
        } else {
            parts.append("PRIMARY KEY (parent_id, line_number)")
        }
        let options = parent == nil ? "STRICT" : "STRICT, WITHOUT ROWID"
        return "CREATE TABLE \(name) (\n  \(parts.joined(separator: ",\n  "))\n) \(options);\n" + triggers()
    }

    private func triggers() -> String {
        guard appendOnly else { return "" }
        return ["UPDATE", "DELETE"].map { verb in
            """
            CREATE TRIGGER \(name)_no_\(verb.lowercased()) BEFORE \(verb) ON \(name)
            BEGIN SELECT RAISE(ABORT, '\(name) is append-only'); END;

            """
        }.joined()
    }

    private func indexDefinitions() -> String { indexStatements().joined() }

    private func indexStatements() -> [String] {
        var result: [String] = []
        func add(_ columns: [RecordColumn], unique: Bool) {
            let live = softDelete && unique ? " WHERE deleted_at IS NULL" : ""
            let index = "\(name)_\(columns.map(\.name).joined(separator: "_"))_idx"
            result.append(
                "CREATE \(unique ? "UNIQUE " : "")INDEX \(index) ON \(name) (\(columns.map(\.sql).joined(separator: ", ")))\(live);\n")
        }
        for column in columns {
            if column.field.unique { add([column], unique: true) } else if column.field.indexed { add([column], unique: false) }
        }
        for index in indexes {
            add(index.fields.compactMap { column($0) }, unique: index.unique)
        }
        return result
    }
}

extension RecordColumn {
    var sqlType: String {
        switch field.kind {
        case .integer, .decimal, .money, .percent, .boolean, .ref: "INTEGER"
        default: "TEXT"
        }
    }

    func definition(_ references: (String) throws -> String) rethrows -> String {
        var text = "\(sql) \(sqlType)"
        if field.required || defaultSQL != nil { text += " NOT NULL" }
        if let defaultSQL { text += " DEFAULT \(defaultSQL)" }
        if let target = field.target { text += " REFERENCES \(try references(target)) (id)" }
        var checks: [String] = []
        if let bound = field.minimum.flatMap(stored), sqlType == "INTEGER" { checks.append("\(sql) >= \(bound)") }
        if let bound = field.maximum.flatMap(stored), sqlType == "INTEGER" { checks.append("\(sql) <= \(bound)") }
        if field.kind == .boolean { checks.append("\(sql) IN (0, 1)") }
        if field.kind == .enum {
            checks.append("\(sql) IN (\(field.values.map { "'\($0.replacingQuotes)'" }.joined(separator: ", ")))")
        }
        if !checks.isEmpty { text += " CHECK (\(checks.joined(separator: " AND ")))" }
        return text
    }

    var defaultSQL: String? {
        guard let fallback = field.fallback else { return nil }
        switch (field.kind, fallback) {
        case (.boolean, .bool(let flag)): return flag ? "1" : "0"
        case (.text, .string(let text)), (.enum, .string(let text)), (.date, .string(let text)), (.instant, .string(let text)):
            return "'\(text.replacingQuotes)'"
        case (_, .int(let number)): return stored(Decimal(number)).map(String.init)
        case (_, .string(let text)): return (try? Decimal(text)).flatMap(stored).map(String.init)
        case (_, .decimal(let number)): return stored(number).map(String.init)
        default: return nil
        }
    }

    /// A bound or default as it is stored, when it can be: decimals scaled by their places.
    private func stored(_ number: Decimal) -> Int64? {
        switch field.kind {
        case .decimal, .percent: number.scaled(places: places)
        case .integer, .money, .ref: number.scaled(places: 0)
        default: nil
        }
    }
}

extension Decimal {
    /// The coefficient at exactly `places` decimal places; nil when digits would be lost or it does not fit.
    package func scaled(places: Int) -> Int64? {
        if scale <= places {
            var result = coefficient
            for _ in 0..<(places - scale) {
                let (product, overflow) = result.multipliedReportingOverflow(by: 10)
                if overflow { return nil }
                result = product
            }
            return result
        }
        var result = coefficient
        for _ in 0..<(scale - places) {
            guard result % 10 == 0 else { return nil }
            result /= 10
        }
        return result
    }
}

extension String {
    /// With single quotes doubled, for a literal in DDL, where values cannot be bound.
    var replacingQuotes: String {
        var result = ""
        for character in self { result += character == "'" ? "''" : String(character) }
        return result
    }
}
