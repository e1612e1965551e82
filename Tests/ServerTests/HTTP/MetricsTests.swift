import Foundation
import Testing

@testable import Server

@Suite struct MetricsTests {
    @Test func `metrics are rendered in the Prometheus text format`() {
        let registry = MetricsRegistry()
        registry.counter("kontor_requests_total", "Requests by status.", [("status", "200")]).add(3)
        registry.counter("kontor_requests_total", "Requests by status.", [("status", "500")]).add()
        registry.gauge("kontor_sessions", "Sessions.").set(-2)
        registry.gauge("kontor_disk_free_ratio", "Free\nspace \\.") { 0.25 }
        let histogram = registry.histogram("kontor_seconds", "Time.", [("route", "a\"b\\c\nd")], buckets: [0.001, 0.5, 2])
        histogram.observe(nanoseconds: 1_000_000) // on the bound
        histogram.observe(nanoseconds: 1_000_001)
        histogram.observe(nanoseconds: 3_000_000_000)
        #expect(String(decoding: registry.render(), as: UTF8.self) == """
            # HELP kontor_requests_total Requests by status.
            # TYPE kontor_requests_total counter
            kontor_requests_total{status="200"} 3
            kontor_requests_total{status="500"} 1
            # HELP kontor_sessions Sessions.
            # TYPE kontor_sessions gauge
            kontor_sessions -2
            # HELP kontor_disk_free_ratio Free\\nspace \\\\.
            # TYPE kontor_disk_free_ratio gauge
            kontor_disk_free_ratio 0.25
            # HELP kontor_seconds Time.
            # TYPE kontor_seconds histogram
            kontor_seconds_bucket{route="a\\"b\\\\c\\nd",le="0.001"} 1
            kontor_seconds_bucket{route="a\\"b\\\\c\\nd",le="0.5"} 2
            kontor_seconds_bucket{route="a\\"b\\\\c\\nd",le="2"} 2
            kontor_seconds_bucket{route="a\\"b\\\\c\\nd",le="+Inf"} 3
            kontor_seconds_sum{route="a\\"b\\\\c\\nd"} 3.002000001
            kontor_seconds_count{route="a\\"b\\\\c\\nd"} 3

            """)
    }

    @Test func `the same name and labels are the same metric`() {
        let registry = MetricsRegistry()
        let first = registry.counter("a_total", "A.", [("x", "1")])
        #expect(registry.counter("a_total", "A.", [("x", "1")]) === first)
        #expect(registry.counter("a_total", "A.", [("x", "2")]) !== first)
    }

    @Test func `nothing is lost when many threads count`() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("h", "H.")
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            let counter = registry.counter("c_total", "C.")
            for number in 0..<10_000 {
                counter.add()
                histogram.observe(nanoseconds: UInt64(number * 1000))
                registry.gauge("g", "G.", [("t", "\(thread)")]).add(1)
            }
        }
        #expect(registry.counter("c_total", "C.").value == 80_000)
        #expect(histogram.count == 80_000)
        #expect(abs(histogram.sumSeconds - 8 * 49.995) < 0.001)
        for thread in 0..<8 { #expect(registry.gauge("g", "G.", [("t", "\(thread)")]).value == 10_000) }
    }

    @Test func `label sets beyond the limit are counted together`() {
        let registry = MetricsRegistry()
        for number in 0..<(MetricsRegistry.seriesLimit + 100) { registry.counter("c_total", "C.", [("n", "\(number)")]).add() }
        #expect(registry.counter("c_total", "C.", [("n", "other")]).value == 100)
        #expect(String(decoding: registry.render(), as: UTF8.self).split(separator: "\n").count == MetricsRegistry.seriesLimit + 3)
    }

    @Test func `quantiles are right to the bucket`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(seed: seed)
        let histogram = Histogram(buckets: Histogram.latencies)
        #expect(histogram.quantile(0.5) == nil)
        var all: [Double] = []
        for _ in 0..<5000 {
            let seconds = pow(10, Double.random(in: -4.5...1.2, using: &random))
            all.append(seconds)
            histogram.observe(nanoseconds: UInt64(seconds * 1e9))
        }
        all.sort()
        for quantile in [0.0, 0.1, 0.5, 0.9, 0.95, 0.99, 1.0] {
            let truth = all[min(Int(quantile * 5000), 4999)]
            let estimate = try #require(histogram.quantile(quantile))
            let bound = Histogram.latencies.firstIndex { truth <= $0 } ?? Histogram.latencies.count - 1
            let neighbours = max(bound - 1, 0)...min(bound + 1, Histogram.latencies.count - 1)
            let low = neighbours.lowerBound == 0 ? 0 : Histogram.latencies[neighbours.lowerBound - 1]
            #expect(estimate >= low && estimate <= Histogram.latencies[neighbours.upperBound], "quantile \(quantile), seed \(seed)")
        }
        let one = Histogram(buckets: [1, 2])
        one.observe(nanoseconds: 1_500_000_000)
        #expect(one.quantile(0.5) == 1.5)
    }
}
