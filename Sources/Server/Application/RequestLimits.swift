import Core
import Platform
import Storage
import Synchronization

/// How often one caller may ask, by class of endpoint. An administrator may set other figures for a tenant.
package final class RequestLimits: Sendable {
    /// `standard` 100 a minute, `analytics` 10 a minute, `trigger` once in 5 minutes; nil for no limit.
    package static func usual(_ rateClass: RateClass) -> RateLimit? {
        switch rateClass {
        case .standard: RateLimit(100, perSeconds: 60)
        case .analytics: RateLimit(10, perSeconds: 60)
        case .trigger: RateLimit(1, perSeconds: 300)
        case .unlimited: nil
        }
    }

    typealias Figures = [RateClass: RateLimit]

    private let limiter: RateLimiter
    /// The tenants' own figures, of those that are awake.
    private let own = Mutex<[Int64: Figures]>([:])

    package init(clock: any Clock) {
        limiter = RateLimiter(clock: clock)
    }

    /// - Throws: 429 `request.rate_limited` with Retry-After.
    func take(of principal: Principal, _ address: String, _ tenant: Tenant?, _ rateClass: RateClass) throws(Problem) {
        // Who holds the installation's socket or data folder is not limited.
        guard principal.credential != .local, let limit = limit(of: principal, tenant, rateClass) else { return }
        let caller: String
        switch principal.credential {
        case .token(let id): caller = "\(tenant?.id ?? 0)t\(id)"
        case .session: caller = "\(tenant?.id ?? 0)u\(principal.userID)"
        case .none, .local: caller = "\(tenant?.id ?? 0)a\(IPAddress.network(of: address))"
        }
        guard case .retryAfter(let seconds) = limiter.take(caller, rateClass.rawValue, limit: limit) else { return }
        throw Problem(
            429, "request.rate_limited",
            "That was too often: \(limit.count) requests in \(limit.seconds) seconds are allowed here. Try again in \(seconds) s.",
            headers: [("Retry-After", String(seconds))])
    }

    private func limit(of principal: Principal, _ tenant: Tenant?, _ rateClass: RateClass) -> RateLimit? {
        if rateClass == .standard, let count = principal.requestsPerMinute { return RateLimit(count, perSeconds: 60) }
        if let tenant, let limit = own.withLock({ $0[tenant.id]?[rateClass] }) { return limit }
        return Self.usual(rateClass)
    }

    // MARK: The tenants' own figures

    private static let key = "rate_limits"
    private static let select = SQL("SELECT value FROM platform_settings WHERE scope = 'tenant' AND key = ?1")
    private static let upsert = SQL(
        """
        INSERT INTO platform_settings (scope, key, value, updated_at) VALUES ('tenant', ?1, ?2, ?3)
          ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
        """)

    func isKnown(_ tenant: Tenant) -> Bool {
        own.withLock { $0[tenant.id] != nil }
    }

    func load(_ tenant: Tenant) throws {
        let figures = try tenant.store.read { db in try Self.figures(db) }
        own.withLock { own in
            // What was set meanwhile is newer.
            if own[tenant.id] == nil { own[tenant.id] = figures }
        }
    }

    func forget(_ tenant: Tenant) {
        own.withLock { $0[tenant.id] = nil }
    }

    /// Keeps only those of tenants that are awake.
    func sweep(keeping isAwake: (Int64) -> Bool) {
        own.withLock { own in own = own.filter { isAwake($0.key) } }
    }

    static func figures(_ db: Connection) throws -> Figures {
        guard let text = try db.first(select, key, row: { $0.text(0) }) else { return [:] }
        var figures: Figures = [:]
        for (name, value) in try JSON.parse(text).object ?? Object() {
            guard let rateClass = RateClass(rawValue: name), let count = value["requests"]?.int, let seconds = value["seconds"]?.int
            else { continue }
            figures[rateClass] = RateLimit(Int(count), perSeconds: Int(seconds))
        }
        return figures
    }

    func store(_ figures: Figures, _ call: Call) throws {
        guard let tenant = call.tenant else { throw TenantDirectory.notFound }
        var object = Object()
        for (rateClass, limit) in figures.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            object[rateClass.rawValue] = ["requests": .int(Int64(limit.count)), "seconds": .int(Int64(limit.seconds))]
        }
        try call.database.run(Self.upsert, Self.key, String(decoding: JSON.serialize(.object(object)), as: UTF8.self), call.now)
        call.afterCommit { [self] in own.withLock { $0[tenant.id] = figures } }
    }
}
