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
        let db = scope.database
        let id = try versions(scope.rulesUsed, db)
        let statement = try db.statement(insert)
        statement.bind(1, record.type)
        statement.bind(2, record.id)
        statement.bind(3, id)
        try statement.run()
    }

    /// The row of a set of versions, made where it is not there yet.
    private static func versions(_ sets: [RuleSet], _ db: Connection) throws -> Int64 {
        let versions = db.companion { RuleVersions() }.text(sets)
        let statement = try db.statement(find)
        statement.bind(1, versions)
        if try statement.step() {
            defer { statement.reset() }
            return statement.int64(0)
        }
        try db.run(insertVersions, versions)
        return db.lastInsertRowID
    }

    /// `Rules/tax/gh-standard.lua@3` and the like; empty where no rule had a say.
    static func of(_ type: String, _ id: Int64, _ db: Connection) throws -> [String] {
        try db.first(select, type, id) { $0.text(0) }?.split(separator: " ").map(String.init) ?? []
    }
}

/// What the versions of the rules in force are called: nearly every request of a kind asks for the same.
private final class RuleVersions {
    private var sets: [RuleSet] = []
    private var text = ""

    func text(_ wanted: [RuleSet]) -> String {
        if wanted.count != sets.count || !zip(wanted, sets).allSatisfy({ $0 === $1 }) {
            sets = wanted
            text = wanted.map(\.reference).sorted().joined(separator: " ")
        }
        return text
    }
}
