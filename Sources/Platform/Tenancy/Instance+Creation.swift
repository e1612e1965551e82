import Core
import Storage

extension Instance {
    /// Makes a tenant in one step that completes or leaves nothing: a folder beside the others with a migrated and seeded
    /// database, its rename, then the row in `system.db`. What a crash leaves half made is swept away at the next start.
    ///
    /// Waits for the disk: for workers and the command line.
    /// - Parameter prepare: further contents, in the transaction that seeds roles and the first administrator.
    /// - Throws: 422 `tenant.*_invalid`, 409 `tenant.domain_taken`, `tenant.domain_resting`, what `prepare` throws.
    package func createTenant(
        _ new: NewTenant, actor: ActingUser, prepare: @escaping @Sendable (Connection) throws -> Void = { _ in }
    ) throws -> Tenant {
        let now = clock.now()
        let (_, hosts) = try new.facts(id: 0, now: now)
        let tenants = "\(dataPath)/tenants"
        let id = try system.beginCreation(domains: hosts, now: now) { id in
            !Files.exists("\(tenants)/\(id)") && !Files.exists("\(tenants)/.new-\(id)")
        }
        do {
            let (facts, _) = try new.facts(id: id, now: now)
            try build(facts, administrator: new.administrator, actor: actor, prepare: prepare)
            try Files.rename("\(tenants)/.new-\(id)", to: folder(ofTenant: id))
            try system.finishCreation(facts, hosts: hosts, actor: actor)
            admit(facts, hosts: hosts)
            return try directory.tenant(id: id)
        } catch {
            // The first error is the one to tell; what cannot be removed now is removed at the next start.
            try? removeHalfMade(id)
            throw error
        }
    }

    private func build(
        _ facts: TenantFacts, administrator: NewUser?, actor: ActingUser,
        prepare: @escaping @Sendable (Connection) throws -> Void
    ) throws {
        let folder = "\(dataPath)/tenants/.new-\(facts.id)"
        try Files.createDirectory(folder, mode: 0o700)
        let store = Store(path: "\(folder)/tenant.db", configuration: tenantConfiguration, pool: lanes)
        defer { try? store.retire("its folder gets its name") }
        try store.write { db in
            try Roles.seed(db, at: actor.at)
            if let administrator { _ = try Users.create(db, actor, administrator) }
            try prepare(db)
        }
    }

    private func removeHalfMade(_ id: Int64) throws {
        try Files.removeTree("\(dataPath)/tenants/.new-\(id)")
        try Files.removeTree(folder(ofTenant: id))
        try system.abandonCreation(id)
    }

    /// Removes tenants that were being made, finishes those that were being deleted, when the process ended.
    func sweepLeftovers() throws {
        for id in try system.unfinishedCreations() { try removeHalfMade(id) }
        let known = Set(try system.tenants().map { $0.facts.id })
        for name in try Files.list("\(dataPath)/tenants") where name.hasPrefix(".deleted-") {
            guard let id = Int64(name.dropFirst(".deleted-".count)) else { continue }
            if known.contains(id) {
                try Files.rename("\(dataPath)/tenants/\(name)", to: folder(ofTenant: id))
            } else {
                try Files.removeTree("\(dataPath)/tenants/\(name)")
            }
        }
    }
}
