import Core
import Storage

/// Record tables as a database has them: what SQLite was told when they were made and changed since.
///
/// A tenant's may have more than its plugins declare: a column whose field is gone stays until a migration drops it, a table
/// until it is purged.
struct RecordSchema {
    struct Column: Equatable {
        let name: String
        /// Name, type and constraints, as in `CREATE TABLE`.
        var definition: String

        var isNotNull: Bool { definition.contains(" NOT NULL") }
        var hasDefault: Bool { definition.contains(" DEFAULT ") }

        /// What stands behind `DEFAULT`: a number, or text in quotes.
        var defaultValue: String? {
            guard let start = definition.firstRange(of: " DEFAULT ") else { return nil }
            var text = ""
            var isQuoted = false
            for character in definition[start.upperBound...] {
                if character == "'" { isQuoted.toggle() }
                if character == " ", !isQuoted { break }
                text.append(character)
            }
            return text.isEmpty ? nil : text
        }

        /// What its `CHECK` says, without the word and the parentheses.
        var check: String? {
            guard let start = definition.firstRange(of: " CHECK (") else { return nil }
            var depth = 1
            var text = ""
            for character in definition[start.upperBound...] {
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                if depth == 0 { return text }
                text.append(character)
            }
            return nil
        }

        /// The same column where it may stay empty.
        var optional: Column { Column(name: name, definition: definition.replacing(" NOT NULL", with: "")) }
    }

    struct Table {
        var columns: [Column]
        /// Constraints of the whole table.
        let constraints: [String]
        /// What follows the parentheses.
        let options: String
        /// Statements by name.
        var indexes: [String: String]
        var triggers: [String: String]

        func column(_ name: String) -> Column? { columns.first { $0.name == name } }
    }

    private(set) var tables: [String: Table] = [:]

    private static let selectTable = SQL("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1")
    private static let selectTables = SQL("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    private static let selectParts = SQL(
        "SELECT name, sql, type FROM sqlite_schema WHERE tbl_name = ?1 AND type IN ('index', 'trigger') AND sql IS NOT NULL")

    init() {}

    /// Those of the named tables that there are.
    init(_ db: Connection, tables names: some Sequence<String>) throws {
        for name in names {
            guard let text = try db.text(Self.selectTable, name) else { continue }
            var table = Self.parse(text)
            for (part, sql, type) in try db.query(Self.selectParts, name, row: { ($0.text(0), $0.text(1), $0.text(2)) }) {
                if type == "index" { table.indexes[part] = Self.plain(sql) } else { table.triggers[part] = Self.plain(sql) }
            }
            tables[name] = table
        }
    }

    /// What the declarations make, tried in a database in memory.
    static func declared(_ types: [RecordType], references: (RecordType, String) throws -> String) throws -> RecordSchema {
        let db = try Connection(path: "", mode: .memory)
        defer { db.close() }
        for type in types { try db.execute(script: try type.table.definition { try references(type, $0) }) }
        return try RecordSchema(db, tables: try db.query(selectTables) { $0.text(0) })
    }

    private static let selectReferrers = SQL("""
        SELECT DISTINCT m.name FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
        WHERE m.type = 'table' AND f."table" = ?1 AND m.name <> ?1 ORDER BY m.name
        """)

    /// The tables whose rows refer to those of a table.
    static func referrers(of table: String, _ db: Connection) throws -> [String] {
        try db.query(selectReferrers, table) { $0.text(0) }
    }

    /// Words apart by one space.
    private static func plain(_ sql: String) -> String {
        sql.split(whereSeparator: { $0 == " " || $0 == "\n" }).joined(separator: " ")
    }

    /// Reads `CREATE TABLE name (column definitions, constraints) options`.
    private static func parse(_ sql: String) -> Table {
        var parts: [String] = []
        var part = ""
        var depth = 0
        var quote: Character?
        var rest = ""
        for character in sql {
            if let open = quote {
                part.append(character)
                if character == open { quote = nil }
                continue
            }
            switch character {
            case "'", "\"":
                quote = character
                part.append(character)
            case "(":
                depth += 1
                if depth == 1 { part = "" } else { part.append(character) }
            case ")":
                depth -= 1
                if depth == 0 {
                    parts.append(part)
                    part = ""
                } else {
                    part.append(character)
                }
            case "," where depth == 1:
                parts.append(part)
                part = ""
            default: part.append(character)
            }
        }
        rest = part
        var columns: [Column] = []
        var constraints: [String] = []
        for text in parts.map(plain) {
            let word = String(text.prefix { $0 != " " })
            if ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"].contains(word) {
                constraints.append(text)
            } else {
                columns.append(Column(name: word.filter { $0 != "\"" }, definition: text))
            }
        }
        return Table(columns: columns, constraints: constraints, options: plain(rest), indexes: [:], triggers: [:])
    }
}
