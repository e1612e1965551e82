import Core
import Platform
import Synchronization

/// Counts what was answered, endpoint by endpoint, over all tenants; `GET /metrics` shows it.
package final class RequestStatistics: Sendable {
    /// One endpoint's figures.
    final class Figures: Sendable {
        /// `GET /api/sales/{id}`
        let name: String
        let seconds: Histogram
        /// By the first digit of the status, from 1 to 5.
        private let answers: [Counter]

        fileprivate init(_ endpoint: Endpoint?, _ registry: MetricsRegistry) {
            let method = endpoint?.method.rawValue ?? "other"
            let path = endpoint?.path.description ?? "none"
            name = endpoint == nil ? "none" : "\(method) \(path)"
            let labels = [("method", method), ("path", path)]
            seconds = registry.histogram("kontor_http_request_seconds", "How long requests took, by endpoint.", labels)
            answers = (1...5).map { digit in
                registry.counter("kontor_http_requests_total", "Requests answered, by endpoint.", labels + [("status", "\(digit)xx")])
            }
        }

        fileprivate var counts: Answers { Answers(total: answers.reduce(0) { $0 + $1.value }, errors: answers[4].value) }

        fileprivate func count(_ status: Int, _ nanoseconds: UInt64) {
            seconds.observe(nanoseconds: nanoseconds)
            answers[min(max(status / 100, 1), 5) - 1].add()
        }
    }

    /// What one endpoint has answered since the start.
    package struct Answers: Sendable, Equatable {
        package let total: Int
        /// 500 and above.
        package let errors: Int
    }

    private struct Key: Hashable {
        let method: Endpoint.Method
        let path: String
    }

    package let registry = MetricsRegistry()
    let refusedByGate: Counter
    let healthChecks: Counter
    let logged: Counter
    let notLogged: Counter
    private let nowhere: Figures
    private let figures = Mutex<[Key: Figures]>([:])

    package init() {
        refusedByGate = registry.counter("kontor_http_refused_total", "Requests that were malformed.")
        healthChecks = registry.counter("kontor_health_checks_total", "Anonymous health checks.")
        logged = registry.counter("kontor_request_log_rows_total", "Rows written to the tenants' request logs.")
        notLogged = registry.counter("kontor_request_log_lost_total", "Rows lost because too many were waiting.")
        nowhere = Figures(nil, registry)
    }

    /// - Parameter endpoint: nil when none was found.
    func count(_ endpoint: Endpoint?, status: Int, nanoseconds: UInt64) -> Figures {
        let found = endpoint.map { find($0) } ?? nowhere
        found.count(status, nanoseconds)
        return found
    }

    /// By endpoint.
    package var answers: [String: Answers] {
        let all = figures.withLock { Array($0.values) }
        return Dictionary(all.map { ($0.name, $0.counts) }, uniquingKeysWith: { first, _ in first })
    }

    private func find(_ endpoint: Endpoint) -> Figures {
        let key = Key(method: endpoint.method, path: endpoint.path.description)
        return figures.withLock { figures in
            if let known = figures[key] { return known }
            let new = Figures(endpoint, registry)
            figures[key] = new
            return new
        }
    }
}
