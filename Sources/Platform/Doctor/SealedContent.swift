import Core
import Storage

/// What a tenant keeps sealed under the installation's key, and whether that key is here: not after a restore on another machine
/// whose `DATA/keys` did not come along.
package enum SealedContent {
    /// A sentence for each secret and each encrypted field that does not open, saying what to do; none where all do.
    package static func unreadable(_ tenant: Tenant, _ db: Connection) throws -> [String] {
        try examine(tenant, db).filter { !$0.isWell }.map { "\($0.what): \($0.detail)" }
    }

    /// How many of them open.
    package static func openable(_ tenant: Tenant, _ db: Connection) throws -> Int { try examine(tenant, db).count(where: \.isWell) }

    /// Each secret, and of each encrypted field the newest value.
    static func examine(_ tenant: Tenant, _ db: Connection) throws -> [HealthFinding] {
        var findings: [HealthFinding] = []
        let secrets = Secrets(db, tenant)
        for name in try secrets.list().keys.sorted() {
            findings.append(finding("secret \(name)", try opening { _ = try secrets.open(name) }))
        }
        let plugins = try RevisionLibrary(db).current().plugins
        let store = RecordStore(db, currency: tenant.currency, now: Instant(milliseconds: 0), userID: 0, seal: RecordSeal(tenant))
        for type in plugins.typesInOrder {
            for column in type.table.sealedColumns {
                let newest = SQL("SELECT id FROM \(type.table.name) WHERE \(column.sql) IS NOT NULL ORDER BY id DESC LIMIT 1")
                guard let id = try db.first(newest, row: { $0.int(0) }) else { continue }
                findings.append(
                    finding("encrypted \(type.name).\(column.field.name)", try opening { _ = try store.reveal(type, id: id, column) }))
            }
        }
        return findings
    }

    private static func finding(_ what: String, _ fault: String?) -> HealthFinding {
        HealthFinding(what, fault == nil, fault ?? "opens with the key in DATA/keys")
    }

    /// - Returns: why it does not open.
    private static func opening(_ body: () throws -> Void) throws -> String? {
        do {
            try body()
            return nil
        } catch let problem as Problem where problem.status == 503 {
            return problem.detail
        }
    }
}
