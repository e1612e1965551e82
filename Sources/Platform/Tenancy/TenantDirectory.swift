import Core
import Storage
import Synchronization

/// All tenants, by host name and by id. Asked once for each request.
package final class TenantDirectory: Sendable {
    private struct Table {
        var byHost: [String: Tenant] = [:]
        var byID: [Int64: Tenant] = [:]
    }

    private let table = Mutex(Table())

    /// The tenant of a host name, whatever its status; nil when there is none.
    /// - Parameter host: lower-case, without port, as the Host header was checked.
    package func find(host: String) -> Tenant? {
        table.withLock { $0.byHost[host] }
    }

    /// The active tenant of a host name.
    /// - Throws: 404 `tenant.not_found`, 403 `tenant.inactive`.
    package func tenant(host: String) throws(Problem) -> Tenant {
        guard let tenant = find(host: host) else { throw Self.notFound }
        guard tenant.isActive else { throw Self.inactive }
        return tenant
    }

    package static let notFound = Problem(404, "tenant.not_found", "No business is served under this host name.")
    package static let inactive = Problem(
        403, "tenant.inactive", "This business is not active; its operator can activate it again.")

    package func find(id: Int64) -> Tenant? {
        table.withLock { $0.byID[id] }
    }

    /// - Throws: 404 `tenant.not_found`.
    package func tenant(id: Int64) throws(Problem) -> Tenant {
        guard let tenant = find(id: id) else {
            throw Problem(404, "tenant.not_found", "There is no tenant \(id).")
        }
        return tenant
    }

    /// By id.
    package var all: [Tenant] {
        table.withLock { Array($0.byID.values) }.sorted { $0.id < $1.id }
    }

    package var count: Int { table.withLock { $0.byID.count } }

    /// Adds a tenant, or puts its facts and host names in place of the former ones.
    /// - Parameter open: makes the object of a tenant that is not known yet.
    func put(_ facts: TenantFacts, hosts: [String], services: TenantServices, open: () -> Store) {
        table.withLock { table in
            let tenant: Tenant
            if let known = table.byID[facts.id] {
                known.update(facts)
                tenant = known
                for (host, holder) in table.byHost where holder.id == facts.id { table.byHost[host] = nil }
            } else {
                tenant = Tenant(facts, store: open(), services: services)
                table.byID[facts.id] = tenant
            }
            for host in hosts { table.byHost[host] = tenant }
        }
    }

    func remove(id: Int64) {
        table.withLock { table in
            table.byID[id] = nil
            for (host, holder) in table.byHost where holder.id == id { table.byHost[host] = nil }
        }
    }
}
