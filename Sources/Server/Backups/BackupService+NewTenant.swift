import Core
import Platform
import Storage

extension BackupService {
    private static let revokeTokens = SQL("UPDATE platform_tokens SET revoked_at = ?1 WHERE revoked_at IS NULL")
    private static let endSessions = SQL("DELETE FROM platform_sessions")

    /// Makes a new tenant out of a copy: its own id, name and host, with the data of the tenant that was copied.
    ///
    /// Log-ins go on; tokens and sessions of the former do not open the new one. Nothing leaves it until somebody says where to.
    /// - Throws: 404 `backup.not_found`; 409 `backup.system`, `tenant.domain_taken`; what the copy's check throws. Nothing is
    ///   left of the new tenant then, but its domain rests if the copy went wrong after it was checked.
    package func makeTenant(
        of id: Int64, name: String?, domain: String, actor: ActingUser, reason: String
    ) throws -> Tenant {
        let record = try instance.system.backup(id)
        guard let source = record.tenantID else {
            throw Problem(409, "backup.system", "This is a copy of the system's own database, not of a tenant's.")
        }
        _ = try verify(id)
        let facts = try instance.directory.tenant(id: source).facts
        return try makeTenant(
            of: record.path, digest: record.sha256, like: facts, backup: record, reached: record.createdAt, name: name, domain: domain, actor: actor,
            reason: reason)
    }

    /// Makes a new tenant out of the last moment of a tenant at or before an instant.
    /// - Throws: as `makeTenant(of:…)`; 404 `backup.none_before`.
    package func makeTenant(
        of source: Tenant, at instant: Instant, name: String?, domain: String, actor: ActingUser, reason: String
    ) throws -> (tenant: Tenant, steps: Value, reached: Instant) {
        guard instant <= instance.clock.now() else { throw Problem(422, "backup.moment_invalid", "\(instant.description) is not there yet.", field: "to") }
        var steps = RestoreSteps()
        try? source.store.keepChanges()
        let moment = try makeMoment(of: source, at: instant, steps: &steps)
        defer { remove(moment) }
        let tenant = try makeTenant(
            of: moment.path, digest: moment.digest, like: source.facts, backup: moment.base, reached: moment.reached.description, name: name,
            domain: domain, actor: actor, reason: reason)
        steps.done("open", "It is tenant \(tenant.id) at \(tenant.domain).")
        return (tenant, steps.value, moment.reached)
    }

    private func makeTenant(
        of path: String, digest: String, like facts: TenantFacts, backup record: BackupRecord, reached: String, name: String?, domain: String,
        actor: ActingUser, reason: String
    ) throws -> Tenant {
        let tenant = try instance.createTenant(
            NewTenant(
                name: name ?? facts.name, domain: domain, subscriptionTier: facts.subscriptionTier, currency: facts.currency.code,
                country: facts.country, timeZone: facts.timeZone.name, locale: facts.locale,
                isSandbox: facts.isSandbox), actor: actor)
        do {
            _ = try Restore.restore(path, digest: digest, into: tenant.store, at: instance.clock.now())
            tenant.rest()
            try tenant.identityWillChange()
            _ = try tenant.store.write { db in
                try db.run(Self.revokeTokens, actor.at)
                try db.run(Self.endSessions)
                try Outbox.silence(db, at: actor.at)
                try Audit.append(
                    db, actor, "tenant.made_of_backup", object: ("backup", record.id),
                    after: ["taken_at": .string(record.createdAt), "sha256": .string(record.sha256), "reached_at": .string(reached)], reason: reason)
            }
            return tenant
        } catch {
            // The first error is the one to tell.
            _ = try? instance.setStatus(ofTenant: tenant.id, .inactive, actor: actor, reason: "the copy went wrong")
            try? instance.deleteTenant(tenant.id, actor: actor, reason: "the copy went wrong")
            throw error
        }
    }
}
