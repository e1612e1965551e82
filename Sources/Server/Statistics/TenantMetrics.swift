import Core
import Platform
import Storage
import Synchronization

/// The metrics that plugins declare, read at the businesses that are awake; those that sleep are not woken for it.
///
/// A reading is kept for a minute. Businesses are read one after the other for two seconds at most; the others' last
/// readings, no older than an hour, stand meanwhile.
final class TenantMetrics: Sendable {
    private struct Entry {
        let readings: [MetricReading]
        let readAt: Instant
        let revision: Int64
    }

    private static let keptSeconds: Int64 = 60
    private static let staleSeconds: Int64 = 3_600
    private static let mostNanoseconds: UInt64 = 2_000_000_000

    private let instance: Instance
    private let failures: Counter
    private let entries = Mutex<[Int64: Entry]>([:])
    /// One reads, the others take what there is.
    private let isReading = Mutex(false)

    init(_ instance: Instance, _ registry: MetricsRegistry) {
        self.instance = instance
        failures = registry.counter("kontor_metric_failures_total", "Reports of plugins that gave no metric.")
    }

    /// In the Prometheus text format. Waits for the databases.
    func render(now: Instant) -> [UInt8] {
        readDue(now: now)
        var names: [String] = []
        var families: [String: (metric: MetricDeclaration, lines: [String])] = [:]
        let entries = entries.withLock { $0 }
        for tenant in instance.directory.all {
            guard let entry = entries[tenant.id], entry.readAt.adding(seconds: Self.staleSeconds) > now else { continue }
            let own = [("tenant", tenant.domain), ("tenant_id", String(tenant.id))]
            for reading in entry.readings {
                let name = reading.metric.name
                if families[name] == nil {
                    names.append(name)
                    families[name] = (reading.metric, [])
                }
                // Two versions of a plugin may say it of two kinds; the first that is met counts.
                guard families[name]?.metric.kind == reading.metric.kind else { continue }
                families[name]?.lines += reading.samples.map { "\(name){\(MetricsRegistry.render(own + $0.labels))} \($0.value)\n" }
            }
        }
        var out = ""
        for name in names {
            guard let family = families[name] else { continue }
            out += "# HELP \(name) \(MetricsRegistry.escape(family.metric.help, quotes: false))\n# TYPE \(name) \(family.metric.kind.rawValue)\n"
            out += family.lines.joined()
        }
        return Array(out.utf8)
    }

    private func readDue(now: Instant) {
        let isFree = isReading.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
        guard isFree else { return }
        defer { isReading.withLock { $0 = false } }
        let began = monotonicNanoseconds()
        let known = entries.withLock { $0 }
        // Those that were read longest ago come first.
        let awake = instance.directory.all.filter { $0.isActive && $0.store.isOpen && $0.store.failure == nil }
            .sorted { (known[$0.id]?.readAt ?? .earliest, $0.id) < (known[$1.id]?.readAt ?? .earliest, $1.id) }
        for tenant in awake {
            guard monotonicNanoseconds() - began < Self.mostNanoseconds else { break }
            // One whose revision was not asked for yet has not been used either.
            guard let revision = tenant.revisionSlot.current else { continue }
            if let entry = known[tenant.id], entry.revision == revision.id, entry.readAt <= now,
                entry.readAt.adding(seconds: Self.keptSeconds) > now
            {
                continue
            }
            let readings = MetricReading.read(tenant, revision, instance.reports, now: now) { _, _ in failures.add() }
            entries.withLock { $0[tenant.id] = Entry(readings: readings, readAt: now, revision: revision.id) }
        }
        let there = Set(instance.directory.all.map(\.id))
        entries.withLock { entries in entries = entries.filter { there.contains($0.key) } }
    }
}
