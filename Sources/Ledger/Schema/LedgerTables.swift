import Storage

/// Which tables are the ledger's, and what anyone may do with them.
package enum LedgerTables {
    static let prefix = "ledger_"

    /// Rows are inserted and never touched again.
    package static let appendOnly = [
        "ledger_entries", "ledger_lines", "ledger_events", "ledger_period_balances", "ledger_checkpoints",
        "ledger_reconciliation_sources", "ledger_statement_imports", "ledger_statement_lines", "ledger_reconciliations",
    ]

    /// Judges a statement that is not the ledger's own: it may read the ledger and nothing else.
    package static func isPermitted(_ action: AuthorizedAction) -> Bool {
        switch action.operation {
        case .insert, .update, .delete: !action.table.hasPrefix(prefix)
        default: true
        }
    }

    /// The standing rule for a writer once its migrations are done, the ledger's own statements included: no statement
    /// may change or remove what was posted, nor take down the triggers that say so.
    package static func keepsHistory(_ action: AuthorizedAction) -> Authorization {
        switch action.operation {
        case .update, .delete: appendOnly.contains(action.table) ? .deny : .allow
        case .schema: action.names(prefixed: prefix) ? .deny : .allow
        default: .allow
        }
    }

    static func appendOnlyTriggers(_ table: String) -> String {
        ["UPDATE", "DELETE"].map { change in
            """
            CREATE TRIGGER \(table)_\(change.lowercased()) BEFORE \(change) ON \(table)
              BEGIN SELECT RAISE(ABORT, '\(table) is append-only'); END;
            """
        }.joined(separator: "\n")
    }
}

extension AuthorizedAction {
    fileprivate func names(prefixed prefix: String) -> Bool { table.hasPrefix(prefix) || column.hasPrefix(prefix) }
}
