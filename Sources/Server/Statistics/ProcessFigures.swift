import Core
import Glibc
import Platform
import Storage
import Synchronization

/// What the process is busy with at the moment: open connections, requests that wait, memory, disk, statements.
package final class ProcessFigures: Sendable {
    private struct Weak {
        weak var server: HTTPServer?
    }

    private let server = Mutex(Weak())

    /// Of this server the connections are counted.
    package func connect(_ server: HTTPServer) { self.server.withLock { $0.server = server } }

    /// None where nobody serves.
    package var connections: HTTPServer.Connections { server.withLock { $0.server }?.connections ?? HTTPServer.Connections() }

    /// As gauges that are looked at when somebody asks for metrics.
    func register(in registry: MetricsRegistry, of application: Application) {
        for state in HTTPServer.Connections().states.map(\.name) {
            registry.gauge("kontor_connections", "Open connections, by what they do.", [("state", state)]) { [weak self] in
                Double(self?.connections.states.first { $0.name == state }?.count ?? 0)
            }
        }
        for place in ["lane", "read", "work", "export"] {
            registry.gauge("kontor_waiting_requests", "Requests that wait, by what for.", [("place", place)]) { [weak application] in
                Double(application?.waiting.first { $0.name == place }?.count ?? 0)
            }
        }
        let instance = application.instance
        let machine = application.configuration.machine
        registry.gauge("kontor_tenants", "Businesses, and those whose database is open.", [("state", "all")]) { [weak instance] in
            Double(instance?.directory.count ?? 0)
        }
        registry.gauge("kontor_tenants", "", [("state", "open")]) { [weak instance] in
            Double(instance?.directory.all.count { $0.store.isOpen } ?? 0)
        }
        registry.gauge("kontor_resident_memory_bytes", "What the process holds in memory.") { Double(ProcessMemory.residentBytes) }
        registry.gauge("kontor_memory_used_ratio", "Used memory of what may be used.") {
            machine.memory().map { Double($0.used) / Double(max(1, $0.total)) } ?? .nan
        }
        let path = instance.dataPath
        registry.gauge("kontor_disk_free_ratio", "Free space of the disk that holds the data.") {
            machine.space(path).map { Double($0.free) / Double(max(1, $0.total)) } ?? .nan
        }
        let statements = instance.statements
        registry.counter("kontor_statement_seconds_total", "Time inside the databases' statements, as a clock of 4 ms sees it.") { statements.sums.seconds }
        registry.counter("kontor_statement_runs_total", "Runs of the statements that this clock noticed.") { Double(statements.sums.runs) }
        registry.counter("kontor_slow_statements_total", "Runs of statements that took longer than is logged.") { Double(statements.sums.slow) }
    }
}

extension Application {
    /// Requests that wait, by what for.
    var waiting: [(name: String, count: Int)] {
        let lanes = instance.directory.all.reduce(0) { $0 + ($1.store.isOpen ? $1.store.queued : 0) }
        return [("lane", lanes), ("read", readers.waiting), ("work", workers.waiting), ("export", exporters.waiting)]
    }
}
