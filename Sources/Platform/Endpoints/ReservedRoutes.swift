import Core
import Synchronization

/// The kernel's own routes: no plugin may take one, as its requests would never arrive.
package final class ReservedRoutes: Sendable {
    private let router = Mutex(Router<Endpoint>())

    package init() {}

    /// Called once, by whoever serves the kernel's endpoints.
    package func reserve(_ endpoints: [Endpoint]) {
        let made = Router(endpoints)
        router.withLock { $0 = made }
    }

    /// The kernel's route that answers all that `endpoint` would; nil when it is free.
    package func holder(of endpoint: Endpoint) -> Endpoint? {
        let sample = endpoint.path.segments.map { segment in
            switch segment {
            case .literal(let text): "/\(text)"
            // No route has this as a literal: whatever takes it takes every value.
            case .parameter, .rest: "/\u{7F}"
            }
        }.joined()
        guard case .found(let holder, _) = router.withLock({ $0 }).match(endpoint.method, sample) else { return nil }
        return holder
    }

    /// - Throws: 422 `plugin.conflict` naming both.
    package func check(_ endpoints: [Endpoint]) throws(Problem) {
        for endpoint in endpoints {
            guard let holder = holder(of: endpoint) else { continue }
            throw Problem(
                422, "plugin.conflict",
                "\(endpoint.method.rawValue) \(endpoint.path) of \(endpoint.documentation.tag) would never be reached: "
                    + "\(holder.method.rawValue) \(holder.path) is the kernel's.")
        }
    }
}
