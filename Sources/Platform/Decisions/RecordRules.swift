import Core
import Storage

/// Which versions of rule files a record was made under: kept with the record, in its commit, for ever.
enum RecordRules {
    static let migrations = [
        Migration(
            room: "decisions", number: 1, name: "rule versions of records",
            sql: """
                -- Each set of versions once: all sales of a day share one.
                CREATE TABLE platform_rule_versions (
                  id       INTEGER PRIMARY KEY,
                  versions TEXT NOT NULL UNIQUE
                ) STRICT;
                CREATE TABLE platform_record_rules (
                  record_type      TEXT NOT NULL,
                  record_id        INTEGER NOT NULL,
                  rule_versions_id INTEGER NOT NULL REFERENCES platform_rule_versions (id),
                  PRIMARY KEY (record_type, record_id)
                ) STRICT, WITHOUT ROWID;
                """)
    ]

    private static let find = SQL("SELECT id FROM platform_rule_versions WHERE versions = ?1")
    private static let insertVersions = SQL("INSERT INTO platform_rule_versions (versions) VALUES (?1)")
    private static let insert = SQL("""
        INSERT INTO platform_record_rules (record_type, record_id, rule_versions_id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING
        """)
    private static let select = SQL("""
        SELECT v.versions FROM platform_record_rules r JOIN platform_rule_versions v ON v.id = r.rule_versions_id
        WHERE r.record_type = ?1 AND r.record_id = ?2
        """)

    /// At the end of a request, inside its transaction.
    static func keep(_ scope: RunScope) throws {
        guard let record = scope.firstRecord, !scope.rulesUsed.isEmpty else { return }
        let versions = scope.rulesUsed.map(\.reference).sorted().joined(separator: " ")
        let db = scope.database
        var id = try db.first(find, versions) { $0.int(0) }
        if id == nil {
            try db.run(insertVersions, versions)
            id = db.lastInsertRowID
        }
        if let id { try db.run(insert, record.type, record.id, id) }
    }

    /// `Rules/tax/gh-standard.lua@3` and the like; empty where no rule had a say.
    static func of(_ type: String, _ id: Int64, _ db: Connection) throws -> [String] {
        try db.first(select, type, id) { $0.text(0) }?.split(separator: " ").map(String.init) ?? []
    }
}
