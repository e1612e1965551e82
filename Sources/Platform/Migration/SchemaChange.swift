import Core

/// One thing that a change of plugins does to a tenant's tables, as a plan tells it.
package struct SchemaChange: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case createTable = "create_table"
        case dropTable = "drop_table"
        case addColumn = "add_column"
        case renameColumn = "rename_column"
        case changeColumn = "change_column"
        case dropColumn = "drop_column"
        case backfill
        case createIndex = "create_index"
        case dropIndex = "drop_index"
    }

    package let kind: Kind
    package let table: String
    /// A column or an index; empty for the table itself.
    package let name: String
    /// What it becomes; for a backfill the file.
    package let detail: String

    /// Whether data goes that no former version brings back.
    package var isDestructive: Bool { kind == .dropTable || kind == .dropColumn }

    var value: Value {
        ["change": .string(kind.rawValue), "table": .string(table), "name": .string(name), "detail": .string(detail), "destructive": .bool(isDestructive)]
    }
}
