import Core
import Storage
import Synchronization

/// `system.db`: tenants and their host names, operators, settings, the catalogue of backups, the system's audit trail.
///
/// Its functions wait for the disk: they are for workers and the command line, never for a lane or a connection's thread.
package final class SystemStore: Sendable {
    package let store: Store
    let operators = Mutex<[SecretHash: KnownOperator]>([:])

    init(store: Store) throws {
        self.store = store
        try loadOperators()
    }

    // MARK: Tenants

    private static let selectTenants = SQL(
        """
        SELECT id, name, domain, status, subscription_tier, currency, country, time_zone, locale, created_at,
          inactive_since, export_until, is_sandbox FROM tenants WHERE ?1 IS NULL OR id = ?1 ORDER BY id
        """)
    private static let selectDomains = SQL("SELECT tenant_id, domain FROM domains WHERE ?1 IS NULL OR tenant_id = ?1")
    private static let insertTenant = SQL(
        """
        INSERT INTO tenants (id, name, domain, status, subscription_tier, currency, country, time_zone, locale, created_at,
          updated_at, is_sandbox) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)
        """)
    private static let updateTenant = SQL(
        """
        UPDATE tenants SET name = ?2, domain = ?3, status = ?4, subscription_tier = ?5, country = ?6, time_zone = ?7,
          locale = ?8, inactive_since = ?9, export_until = ?10, updated_at = ?11 WHERE id = ?1
        """)
    private static let deleteTenant = SQL("DELETE FROM tenants WHERE id = ?1")
    private static let deleteDomains = SQL("DELETE FROM domains WHERE tenant_id = ?1")
    private static let insertDomain = SQL("INSERT INTO domains (domain, tenant_id) VALUES (?1, ?2)")
    private static let selectHolder = SQL("SELECT tenant_id FROM domains WHERE domain = ?1")
    private static let selectResting = SQL(
        "SELECT domain_rests_until FROM tombstones WHERE domain = ?1 AND domain_rests_until > ?2 ORDER BY 1 DESC LIMIT 1")
    private static let selectCreating = SQL("SELECT 1 FROM tenant_creations WHERE domain = ?1")
    private static let insertCreation = SQL("INSERT INTO tenant_creations (domain, started_at) VALUES (?1, ?2)")
    private static let deleteCreation = SQL("DELETE FROM tenant_creations WHERE id = ?1")
    private static let selectCreations = SQL("SELECT id FROM tenant_creations ORDER BY id")
    private static let insertTombstone = SQL(
        """
        INSERT INTO tombstones (tenant_id, name, domain, reason, archive_sha256, deleted_at, domain_rests_until)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """)

    /// All tenants, or one, with their host names.
    func tenants(id: Int64? = nil) throws -> [(facts: TenantFacts, hosts: [String])] {
        try store.read { db in
            var hosts: [Int64: [String]] = [:]
            try db.each(Self.selectDomains, id) { row in
                hosts[row.int(0), default: []].append(row.text(1))
                return true
            }
            var zones: [String: TimeZone] = [:]
            return try db.query(Self.selectTenants, id) { row in
                let zoneName = row.text(7)
                let zone: TimeZone
                if let known = zones[zoneName] {
                    zone = known
                } else {
                    zone = try TimeZone(zoneName)
                    zones[zoneName] = zone
                }
                let facts = TenantFacts(
                    id: row.int(0), name: row.text(1), domain: row.text(2),
                    status: TenantFacts.Status(rawValue: row.text(3)) ?? .inactive, subscriptionTier: row.text(4),
                    currency: try Currency(row.text(5)), country: row.text(6), timeZone: zone,
                    locale: row.text(8), createdAt: try row.instant(9), inactiveSince: try row.optionalInstant(10),
                    exportUntil: try row.optionalInstant(11), isSandbox: row.bool(12))
                return (facts, hosts[facts.id] ?? [])
            }
        }
    }

    /// Takes an id and holds the domain for a tenant that is to be made.
    /// - Parameter isFree: whether an id has no folder yet; one that has, from an older system.db, is passed over.
    /// - Throws: 409 `tenant.domain_taken`, `tenant.domain_resting`.
    func beginCreation(domains: [String], now: Instant, isFree: @escaping @Sendable (Int64) -> Bool) throws -> Int64 {
        try store.write { db in
            for domain in domains { try Self.requireFree(db, domain, except: 0, now: now) }
            while true {
                try db.run(Self.insertCreation, domains[0], now)
                let id = db.lastInsertRowID
                if isFree(id) { return id }
                try db.run(Self.deleteCreation, id)
            }
        }
    }

    /// Makes a built tenant known: the last step of its creation.
    func finishCreation(_ facts: TenantFacts, hosts: [String], actor: ActingUser) throws {
        try store.write { db in
            try db.run(
                Self.insertTenant, facts.id, facts.name, facts.domain, facts.status.rawValue, facts.subscriptionTier,
                facts.currency.code, facts.country, facts.timeZone.name, facts.locale, facts.createdAt, facts.isSandbox)
            for host in hosts { try db.run(Self.insertDomain, host, facts.id) }
            try db.run(Self.deleteCreation, facts.id)
            try Audit.append(db, actor, "tenant.created", object: ("tenant", facts.id), after: facts.value)
        }
    }

    func abandonCreation(_ id: Int64) throws {
        try store.write { db in try db.run(Self.deleteCreation, id) }
    }

    func unfinishedCreations() throws -> [Int64] {
        try store.read { db in try db.query(Self.selectCreations) { $0.int(0) } }
    }

    /// Replaces the facts and host names of a tenant.
    /// - Throws: 409 `tenant.domain_taken`, `tenant.domain_resting`.
    func change(
        from before: TenantFacts, to after: TenantFacts, hosts: [String], action: String, actor: ActingUser, reason: String
    ) throws {
        try store.write { db in
            for host in hosts { try Self.requireFree(db, host, except: after.id, now: actor.at) }
            try db.run(
                Self.updateTenant, after.id, after.name, after.domain, after.status.rawValue, after.subscriptionTier,
                after.country, after.timeZone.name, after.locale, after.inactiveSince, after.exportUntil, actor.at)
            try db.run(Self.deleteDomains, after.id)
            for host in hosts { try db.run(Self.insertDomain, host, after.id) }
            let changes = Audit.difference(before.value, after.value)
            try Audit.append(
                db, actor, action, object: ("tenant", after.id), before: changes.before, after: changes.after, reason: reason)
        }
    }

    /// Removes a tenant and leaves a tombstone; its domain rests 90 days.
    func bury(_ facts: TenantFacts, actor: ActingUser, reason: String, archiveSHA256: String) throws {
        try store.write { db in
            try db.run(Self.deleteDomains, facts.id)
            try db.run(Self.deleteTenant, facts.id)
            try db.run(
                Self.insertTombstone, facts.id, facts.name, facts.domain, reason, archiveSHA256, actor.at,
                actor.at.adding(seconds: Self.domainRestDays * 86_400))
            try Audit.append(
                db, actor, "tenant.deleted", object: ("tenant", facts.id), before: facts.value, reason: reason)
        }
    }

    package static let domainRestDays: Int64 = 90

    private static func requireFree(_ db: Connection, _ domain: String, except id: Int64, now: Instant) throws {
        let holder = try db.first(selectHolder, domain) { $0.int(0) }
        let isCreating = try db.first(selectCreating, domain) { _ in true } ?? false
        guard holder ?? id == id, !isCreating else {
            throw Problem(409, "tenant.domain_taken", "Another tenant has the domain \(domain).", field: "domain")
        }
        if let until = try db.first(selectResting, domain, now, row: { $0.text(0) }) {
            throw Problem(
                409, "tenant.domain_resting",
                "The domain \(domain) belonged to a deleted tenant and can be given again from \(until.prefix(10)).",
                field: "domain")
        }
    }

    // MARK: Settings

    private static let selectSetting = SQL("SELECT value FROM settings WHERE key = ?1")
    private static let upsertSetting = SQL(
        """
        INSERT INTO settings (key, value, updated_at) VALUES (?1, ?2, ?3)
          ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
        """)

    package func setting(_ key: String) throws -> Value? {
        guard let json = try store.read({ db in try db.first(Self.selectSetting, key) { $0.text(0) } }) else { return nil }
        return try JSON.parse(json)
    }

    package func setSetting(_ key: String, _ value: Value, actor: ActingUser) throws {
        try store.write { db in
            let before = try db.first(Self.selectSetting, key) { try JSON.parse($0.text(0)) } ?? .null
            try db.run(
                Self.upsertSetting, key, String(decoding: JSON.serialize(value), as: UTF8.self), actor.at)
            try Audit.append(
                db, actor, "setting.changed", object: ("setting", key), before: ["value": before], after: ["value": value])
        }
    }
}
