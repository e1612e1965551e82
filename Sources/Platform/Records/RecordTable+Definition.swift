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
        func add(_ columns: [RecordColumn], unique: Bool, filter: [String] = []) {
            let terms = (softDelete && unique ? ["deleted_at IS NULL"] : []) + filter
            let live = terms.isEmpty ? "" : " WHERE \(terms.joined(separator: " AND "))"
            let index = "\(name)_\(columns.map(\.name).joined(separator: "_"))\(filter.isEmpty ? "" : "_partial")_idx"
            result.append(
                "CREATE \(unique ? "UNIQUE " : "")INDEX \(index) ON \(name) (\(columns.map(\.sql).joined(separator: ", ")))\(live);\n")
        }
        for column in columns {
            if column.field.unique { add([column], unique: true) } else if column.field.indexed { add([column], unique: false) }
        }
        for index in indexes {
            let filter = index.filter.compactMap { condition in column(condition.field).flatMap { $0.condition(condition.value) } }
            add(index.fields.compactMap { column($0) }, unique: index.unique, filter: filter)
        }
        return result
    }
}

extension RecordColumn {
    var sqlType: String {
        switch field.kind {
        case .integer, .decimal, .money, .percent, .boolean, .ref, .file: "INTEGER"
        case .encrypted: "BLOB"
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

    /// A comparison of the column with a value, for the filter of a partial index; nil for what cannot be compared.
    func condition(_ value: Value) -> String? {
        switch (field.kind, value) {
        case (.text, .string(let text)), (.enum, .string(let text)), (.date, .string(let text)): "\(sql) = '\(text.replacingQuotes)'"
        case (.boolean, .bool(let flag)): "\(sql) = \(flag ? 1 : 0)"
        case (.integer, .int(let number)), (.ref, .int(let number)), (.file, .int(let number)): "\(sql) = \(number)"
        default: nil
        }
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
