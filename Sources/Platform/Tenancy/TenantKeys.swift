import Core
import Storage
import Synchronization

/// What seals and opens a tenant's secrets and encrypted fields: keys of its own, which lie in its database sealed by the
/// installation's key.
///
/// So its database opens here under any tenant's id, as after a restore into a new tenant, and what is sealed for one tenant
/// opens in no other.
package struct TenantBox: Sendable {
    /// Oldest first; the newest seals.
    private let boxes: [SecretBox]

    init(_ boxes: [SecretBox]) { self.boxes = boxes }

    /// - Throws: `CryptoError.notAuthentic` where the tenant has no key that is here.
    func seal(_ secret: [UInt8], context: String) throws(CryptoError) -> [UInt8] {
        guard let newest = boxes.last else { throw .notAuthentic }
        return newest.seal(secret, context: context)
    }

    func seal(_ secret: String, context: String) throws(CryptoError) -> [UInt8] { try seal(Array(secret.utf8), context: context) }

    /// - Throws: `CryptoError.notAuthentic` when keys, context or bytes are not those of `seal`.
    func open(_ sealed: [UInt8], context: String) throws(CryptoError) -> [UInt8] {
        for box in boxes.reversed() {
            if let secret = try? box.open(sealed, context: context) { return secret }
        }
        throw .notAuthentic
    }

    func openText(_ sealed: [UInt8], context: String) throws(CryptoError) -> String {
        guard let text = String(validating: try open(sealed, context: context), as: UTF8.self) else { throw .notAuthentic }
        return text
    }
}

/// The keys in a tenant's database, and what was sealed before it had any.
package enum TenantKeys {
    package static let migrations = [
        Migration(
            room: "keys", number: 1, name: "the tenant's own keys",
            sql: """
                -- Sealed by the installation's key, whatever the tenant's id. More than one where another installation's key made one.
                CREATE TABLE platform_keys (
                  id         INTEGER PRIMARY KEY,
                  sealed     BLOB NOT NULL,
                  created_at TEXT NOT NULL
                ) STRICT;
                """)
    ]

    private static let context = "tenant-key"
    private static let select = SQL("SELECT sealed FROM platform_keys ORDER BY id")
    private static let insert = SQL("INSERT INTO platform_keys (sealed, created_at) VALUES (?1, ?2)")

    /// The box of the database that was just opened. Where it has no key that this installation can open it gets one, and what was
    /// sealed under the installation's own key is sealed anew.
    static func adopt(_ db: Connection, tenantID: Int64, house: SecretBox, at now: Instant) throws -> TenantBox {
        let known = try db.query(select) { $0.bytes(0) }.compactMap { sealed in
            (try? house.open(sealed, context: context)).flatMap { try? SecretBox(key: $0) }
        }
        if !known.isEmpty { return TenantBox(known) }
        let key = Random.bytes(32)
        let box = TenantBox([try SecretBox(key: key)])
        try db.transaction {
            try db.run(insert, house.seal(key, context: context), now)
            try sealAnew(db, tenantID: tenantID, from: house, to: box)
        }
        return box
    }

    // MARK: From before

    private static let selectSecrets = SQL("SELECT name, sealed FROM platform_secrets")
    private static let updateSecret = SQL("UPDATE platform_secrets SET sealed = ?2 WHERE name = ?1")
    private static let selectCodes = SQL("SELECT id, totp_secret FROM platform_users WHERE totp_secret IS NOT NULL")
    private static let updateCode = SQL("UPDATE platform_users SET totp_secret = ?2 WHERE id = ?1")
    /// Of plugins' tables, also of plugins that were removed: what may hold encrypted fields.
    private static let selectColumns = SQL(
        """
        SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
          WHERE t.schema = 'main' AND t.type = 'table' AND c.type = 'BLOB' AND t.name NOT LIKE 'platform\\_%' ESCAPE '\\'
            AND t.name NOT LIKE 'ledger\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
            AND EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE name = 'id')
        """)

    private static func sealAnew(_ db: Connection, tenantID: Int64, from house: SecretBox, to box: TenantBox) throws {
        for (name, sealed) in try db.query(selectSecrets, row: { ($0.text(0), $0.bytes(1)) }) {
            guard let secret = try? house.open(sealed, context: "tenant:\(tenantID)/secret:\(name)") else { continue }
            try db.run(updateSecret, name, try box.seal(secret, context: Secrets.context(name)))
        }
        for (id, sealed) in try db.query(selectCodes, row: { ($0.int(0), $0.bytes(1)) }) {
            guard let secret = try? house.open(sealed, context: TwoFactor.context(id)) else { continue }
            try db.run(updateCode, id, try box.seal(secret, context: TwoFactor.context(id)))
        }
        for (table, column) in try db.query(selectColumns, row: { ($0.text(0), $0.text(1)) }) {
            // What only takes additions stays as it is, and is told as unreadable by the doctor.
            let update = SQL("UPDATE \"\(table)\" SET \"\(column)\" = ?2 WHERE id = ?1")
            for (id, sealed) in try db.query(SQL("SELECT id, \"\(column)\" FROM \"\(table)\" WHERE \"\(column)\" IS NOT NULL"), row: { ($0.int(0), $0.bytes(1)) }) {
                let context = "record:\(table).\(column)/\(id)"
                guard let secret = try? house.open(sealed, context: context) else { continue }
                let anew = try box.seal(secret, context: context)
                try? db.savepoint { try db.run(update, id, anew) }
            }
        }
    }
}

/// The boxes of the tenants whose databases were opened.
final class TenantBoxes: Sendable {
    private let boxes = Mutex<[Int64: TenantBox]>([:])

    func keep(_ box: TenantBox, for tenant: Int64) { boxes.withLock { $0[tenant] = box } }

    /// One without keys for a tenant whose database was not opened yet.
    func box(of tenant: Int64) -> TenantBox { boxes.withLock { $0[tenant] } ?? TenantBox([]) }
}
