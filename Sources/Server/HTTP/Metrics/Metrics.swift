import Synchronization

/// Only rises.
package final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    package func add(_ amount: Int = 1) { count.wrappingAdd(amount, ordering: .relaxed) }
    package var value: Int { count.load(ordering: .relaxed) }
}

/// Rises and falls.
package final class Gauge: Sendable {
    private let level = Atomic<Int>(0)
    package func set(_ value: Int) { level.store(value, ordering: .relaxed) }
    package func add(_ amount: Int) { level.wrappingAdd(amount, ordering: .relaxed) }
    package var value: Int { level.load(ordering: .relaxed) }
}

/// Durations, counted in fixed buckets without a lock.
package final class Histogram: @unchecked Sendable {
    // Safe to share: `bounds` never changes, the cells are atomic and live as long as the object.
    /// 0.1 ms to 30 s.
    package static let latencies = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    /// Nanoseconds, upper and inclusive.
    private let bounds: [UInt64]
    private let seconds: [Double]
    private let cells: UnsafeMutablePointer<Atomic<Int>>
    private let sum = Atomic<UInt64>(0)

    /// - Parameter buckets: upper bounds in seconds, rising.
    init(buckets: [Double]) {
        precondition(!buckets.isEmpty && zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 }, "buckets must rise")
        seconds = buckets
        bounds = buckets.map { UInt64(($0 * 1e9).rounded()) }
        cells = .allocate(capacity: buckets.count + 1)
        for index in 0...buckets.count { (cells + index).initialize(to: Atomic<Int>(0)) }
    }

    deinit {
        cells.deinitialize(count: bounds.count + 1)
        cells.deallocate()
    }

    package func observe(nanoseconds: UInt64) {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if nanoseconds <= bounds[middle] { high = middle } else { low = middle + 1 }
        }
        cells[low].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(nanoseconds, ordering: .relaxed)
    }

    package var counts: [Int] { (0...bounds.count).map { cells[$0].load(ordering: .relaxed) } }
    package var count: Int { counts.reduce(0, +) }
    package var sumSeconds: Double { Double(sum.load(ordering: .relaxed)) / 1e9 }

    /// Estimated within its bucket as if spread evenly; the highest bound for what lies beyond it; nil without any.
    /// - Parameter quantile: 0...1
    package func quantile(_ quantile: Double) -> Double? {
        let counts = counts
        let total = counts.reduce(0, +)
        guard total > 0 else { return nil }
        let rank = min(max(quantile, 0), 1) * Double(total)
        var before = 0
        for (index, count) in counts.enumerated() {
            if count > 0, Double(before + count) >= rank {
                guard index < seconds.count else { return seconds[seconds.count - 1] }
                let low = index == 0 ? 0 : seconds[index - 1]
                return low + (seconds[index] - low) * max(rank - Double(before), 0) / Double(count)
            }
            before += count
        }
        return seconds[seconds.count - 1]
    }

    func render(_ name: String, _ labels: String, into out: inout String) {
        let comma = labels.isEmpty ? "" : ","
        var below = 0
        let counts = counts
        for (index, bound) in seconds.enumerated() {
            below += counts[index]
            out += "\(name)_bucket{\(labels)\(comma)le=\"\(MetricsRegistry.number(bound))\"} \(below)\n"
        }
        below += counts[seconds.count]
        out += "\(name)_bucket{\(labels)\(comma)le=\"+Inf\"} \(below)\n"
        out += "\(name)_sum\(MetricsRegistry.braces(labels)) \(MetricsRegistry.number(sumSeconds))\n"
        out += "\(name)_count\(MetricsRegistry.braces(labels)) \(below)\n"
    }
}
