import Core
import Storage

extension Instance {
    /// How long the director of a tenant that became inactive may still read it.
    package static let exportDays: Int64 = 30

    /// Suspends a tenant, or activates it again. A suspended one may be read for 30 days by those who hold `tenant.export`.
    /// - Throws: 404 `tenant.not_found`.
    package func setStatus(
        ofTenant id: Int64, _ status: TenantFacts.Status, actor: ActingUser, reason: String
    ) throws -> Tenant {
        try change(id, action: status == .active ? "tenant.activated" : "tenant.suspended", actor: actor, reason: reason) { facts in
            guard facts.status != status else { return }
            facts.status = status
            facts.inactiveSince = status == .active ? nil : actor.at
            facts.exportUntil = status == .active ? nil : actor.at.adding(seconds: Self.exportDays * 86_400)
        }
    }

    /// Replaces what is given, keeps what is nil. The currency stays: the books are in it.
    /// - Throws: 404 `tenant.not_found`, 409 `tenant.domain_taken`, 422 `tenant.*_invalid`.
    package func changeTenant(
        _ id: Int64, name: String? = nil, domain: String? = nil, aliases: [String]? = nil, subscriptionTier: String? = nil,
        country: String? = nil, timeZone: String? = nil, locale: String? = nil, actor: ActingUser, reason: String = ""
    ) throws -> Tenant {
        try change(
            id, action: "tenant.changed", actor: actor, reason: reason,
            hosts: { facts, hosts in
                try TenantFacts.hosts(
                    domain: domain ?? facts.domain, aliases: aliases ?? hosts.filter { $0 != facts.domain })
            }
        ) { facts in
            if let name { facts.name = try TenantFacts.checked(name: name) }
            if let subscriptionTier { facts.subscriptionTier = try TenantFacts.checked(tier: subscriptionTier) }
            if let country { facts.country = try TenantFacts.checked(country: country) }
            if let timeZone { facts.timeZone = try TenantFacts.zone(timeZone) }
            if let locale { facts.locale = locale }
        }
    }

    private func change(
        _ id: Int64, action: String, actor: ActingUser, reason: String,
        hosts newHosts: (TenantFacts, [String]) throws -> [String]? = { _, _ in nil }, _ body: (inout TenantFacts) throws -> Void
    ) throws -> Tenant {
        let tenant = try directory.tenant(id: id)
        guard let (before, hosts) = try system.tenants(id: id).first else {
            throw Problem(404, "tenant.not_found", "There is no tenant \(id).")
        }
        var after = before
        try body(&after)
        // The main one comes first in a list of new host names.
        let changed = try newHosts(before, hosts)
        if let main = changed?.first { after.domain = main }
        let next = changed ?? hosts
        guard after != before || Set(next) != Set(hosts) else { return tenant }
        try system.change(from: before, to: after, hosts: next, action: action, actor: actor, reason: reason)
        admit(after, hosts: next)
        return tenant
    }

    /// Removes an inactive tenant with its data; a tombstone stays, and its domain rests 90 days.
    ///
    /// - Parameter archiveSHA256: the digest of the encrypted archive that was made before, in hex; empty for none.
    /// - Throws: 404 `tenant.not_found`, 409 `tenant.still_active`.
    package func deleteTenant(_ id: Int64, actor: ActingUser, reason: String, archiveSHA256: String = "") throws {
        let tenant = try directory.tenant(id: id)
        guard !tenant.isActive else {
            throw Problem(409, "tenant.still_active", "Suspend the tenant first; an active one is not deleted.")
        }
        directory.remove(id: id)
        statements.forget(id)
        try stores.remove(id, reason: "the tenant was deleted")
        let grave = "\(dataPath)/tenants/.deleted-\(id)"
        try Files.rename(folder(ofTenant: id), to: grave)
        try system.bury(tenant.facts, actor: actor, reason: reason, archiveSHA256: archiveSHA256)
        try Files.removeTree(grave)
    }
}
