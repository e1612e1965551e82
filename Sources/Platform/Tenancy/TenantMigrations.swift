import Ledger
import Storage

/// The kernel's tables in a tenant's database, room by room.
package enum TenantMigrations {
    package static let all: [Migration] = IdentitySchema.migrations + Ledger.migrations + RevisionSchema.migrations + PackageSchema.migrations
        + PluginDrafts.migrations + RecordMoveSchema.migrations + RecordRules.migrations + JobSchema.migrations + OutboxSchema.migrations
        + FileSchema.migrations + ReadOnly.migrations + TenantKeys.migrations + UnfinishedWork.migrations

    /// The standing rule of a tenant's writer once its migrations are done: history is added to and never changed, and
    /// what guards it is not taken down.
    package static func keepsHistory(_ action: AuthorizedAction) -> Storage.Authorization {
        if LedgerTables.keepsHistory(action) == .deny { return .deny }
        return Audit.keepsHistory(action)
    }
}

extension Audit {
    static func keepsHistory(_ action: AuthorizedAction) -> Storage.Authorization {
        switch action.operation {
        case .update, .delete: action.table == "platform_audit" ? .deny : .allow
        case .schema: action.table.hasPrefix("platform_audit") || action.column == "platform_audit" ? .deny : .allow
        default: .allow
        }
    }
}
