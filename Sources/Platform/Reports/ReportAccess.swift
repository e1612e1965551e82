import Core
import Ledger
import Storage

/// What one report may read, as the plugins of a tenant stand: the tables of its own plugin's record types, those of the types
/// that its manifest names under `capabilities.record`, and with `capabilities.ledger.read = { "*" }` the ledger's.
struct ReportAccess: Sendable {
    /// A table of record rows.
    private struct Table: Sendable {
        let name: String
        /// For lines, the table of the records that they belong to.
        let parent: String?
        let branchScoped: Bool
    }

    /// All that were granted.
    private let readable: Set<String>
    /// Those that the report names.
    private let tables: [String: Table]
    private let readsLedger: Bool

    init(_ report: ReportDeclaration, _ package: PluginPackage, types: [String: RecordType]) {
        var tables: [String: Table] = [:]
        let granted = Set(package.manifest.readableTypes + package.manifest.writableTypes)
        for type in types.values where type.plugin == package.name || granted.contains(type.name) {
            tables[type.table.name] = Table(name: type.table.name, parent: nil, branchScoped: type.branchScoped)
            for (_, lines) in type.table.lines {
                tables[lines.name] = Table(name: lines.name, parent: type.table.name, branchScoped: type.branchScoped)
            }
        }
        readable = Set(tables.keys)
        self.tables = tables.filter { report.text.words.contains($0.key) }
        readsLedger = package.manifest.readsLedger
    }

    // MARK: The rule

    /// Columns of the ledger that a report may read; memos, digests and keys are not among them.
    private static let ledger: [String: Set<String>] = [
        "ledger_accounts": [
            "id", "code", "name", "kind", "normal_side", "currency", "exponent", "parent_id", "is_control", "state", "opened_on",
        ],
        "ledger_entries": [
            "id", "kind", "effective_on", "recorded_at", "source_type", "source_id", "actor_id", "reverses_id", "corrects_id",
        ],
        "ledger_lines": [
            "entry_id", "line_number", "account_id", "effective_on", "debit_minor", "credit_minor", "branch_id", "dimensions",
        ],
        "ledger_balances": [
            "account_id", "posted_debits_minor", "posted_credits_minor", "pending_debits_minor", "pending_credits_minor",
        ],
        "ledger_movements": ["effective_on", "account_id", "debit_minor", "credit_minor"],
        "ledger_periods": ["month", "state"],
    ]
    private static let movements = "ledger_movements"
    /// What the view of movements is made of.
    private static let beneathMovements: Set<String> = ["ledger_days", "ledger_lines", "ledger_books"]

    /// What changes nothing, asks nothing of the system, and gives no floating point.
    static let functions: Set<String> = [
        "abs", "coalesce", "count", "date", "datetime", "dense_rank", "first_value", "group_concat", "ifnull", "iif", "instr", "lag",
        "last_value", "lead", "length", "like", "lower", "ltrim", "max", "min", "nullif", "ntile", "rank", "replace", "row_number",
        "rtrim", "sign", "strftime", "substr", "substring", "sum", "time", "trim", "upper",
    ]

    /// Judges each step of a report's statement while it is prepared.
    func judge(_ action: AuthorizedAction) -> Storage.Authorization {
        switch action.operation {
        case .select: .allow
        case .function: Self.functions.contains(action.function.lowercased()) ? .allow : .deny
        // As the statement writes them, where it asks for rows alone.
        case .read: isReadable(action.table.lowercased(), action.column.lowercased(), through: action.trigger) ? .allow : .deny
        default: .deny
        }
    }

    private func isReadable(_ table: String, _ column: String, through view: String?) -> Bool {
        if readable.contains(table) { return true }
        guard readsLedger else { return false }
        if view == Self.movements, Self.beneathMovements.contains(table) { return true }
        // An empty name stands for the rows alone, as in count(*).
        return Self.ledger[table].map { column.isEmpty || $0.contains(column) } ?? false
    }

    /// The tables whose changes change the report's answer.
    func tablesRead(by report: ReportDeclaration) -> TableSet {
        var names = Set(tables.keys).union(tables.values.compactMap(\.parent))
        if readsLedger { names.formUnion(report.text.words.intersection(Self.ledger.keys)) }
        if names.contains(Self.movements) { names.insert("ledger_lines") }
        return TableSet(names)
    }

    // MARK: Branches

    /// The SELECT for somebody who sees some branches only: names of tables that belong to branches stand for their rows there.
    /// - Parameter branches: nil for all.
    func sql(of report: ReportDeclaration, branches: Set<Int64>?) -> String {
        let text = report.text.sql
        let scoped = tables.values.filter(\.branchScoped).sorted { $0.name < $1.name }
        guard let branches, !scoped.isEmpty else { return text }
        let list = branches.sorted().map { String($0) }.joined(separator: ", ")
        let views = scoped.map { table in
            let own = "branch_id IN (\(list))"
            let condition = table.parent.map { "parent_id IN (SELECT id FROM main.\($0) WHERE \(own))" } ?? own
            return "\(table.name) AS (SELECT * FROM main.\(table.name) WHERE \(condition))"
        }
        return "WITH \(views.joined(separator: ", "))\nSELECT * FROM (\n\(text)\n)"
    }
}
