import Core
import Platform

/// How often one caller may ask, by class of endpoint.
package final class RequestLimits: Sendable {
    private let clock: any Clock

    package init(clock: any Clock) {
        self.clock = clock
    }

    /// - Throws: 429 `request.rate_limited` with Retry-After.
    func take(of principal: Principal, _ address: String, _ tenant: Tenant?, _ rateClass: RateClass) throws(Problem) {}
}
