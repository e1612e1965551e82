import Synchronization

/// Metrics of the process, rendered in the Prometheus text format.
///
/// Asking twice for the same name and labels gives the same metric. A family takes at most 2,000 different label sets;
/// what comes later is counted under the label value `other`.
package final class MetricsRegistry: Sendable {
    private enum Kind: String {
        case counter, gauge, histogram
    }

    private enum Series {
        case counter(Counter)
        case gauge(Gauge)
        case computed(@Sendable () -> Double)
        case histogram(Histogram)
    }

    private struct Family {
        var help: String
        var kind: Kind
        var series: [(labels: String, series: Series)] = []
        var places: [String: Int] = [:]
    }

    private struct State {
        var names: [String] = []
        var families: [String: Family] = [:]
    }

    package typealias Labels = [(String, String)]

    static let seriesLimit = 2000
    private let state = Mutex(State())

    package init() {}

    /// - Parameter name: letters, digits and underscores; ends in `_total` by custom.
    package func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
        let found = find(name, help, .counter, labels) { .counter(Counter()) }
        if case .counter(let counter) = found { return counter }
        return Counter()
    }

    package func gauge(_ name: String, _ help: String, _ labels: Labels = []) -> Gauge {
        let found = find(name, help, .gauge, labels) { .gauge(Gauge()) }
        if case .gauge(let gauge) = found { return gauge }
        return Gauge()
    }

    /// A gauge that is asked for when metrics are read; `read` must be quick and must not touch this registry.
    package func gauge(_ name: String, _ help: String, _ labels: Labels = [], read: @escaping @Sendable () -> Double) {
        _ = find(name, help, .gauge, labels) { .computed(read) }
    }

    /// A counter that is asked for when metrics are read, as the gauge above.
    package func counter(_ name: String, _ help: String, _ labels: Labels = [], read: @escaping @Sendable () -> Double) {
        _ = find(name, help, .counter, labels) { .computed(read) }
    }

    /// - Parameter buckets: upper bounds in seconds, rising.
    package func histogram(
        _ name: String, _ help: String, _ labels: Labels = [], buckets: [Double] = Histogram.latencies
    ) -> Histogram {
        let found = find(name, help, .histogram, labels) { .histogram(Histogram(buckets: buckets)) }
        if case .histogram(let histogram) = found { return histogram }
        return Histogram(buckets: buckets)
    }

    private func find(_ name: String, _ help: String, _ kind: Kind, _ labels: Labels, _ make: () -> Series) -> Series {
        precondition(MetricsRegistry.isName(name) && labels.allSatisfy { MetricsRegistry.isName($0.0) }, "\(name): bad name")
        return state.withLock { state in
            if state.families[name] == nil { state.names.append(name) }
            var family = state.families.removeValue(forKey: name) ?? Family(help: help, kind: kind)
            defer { state.families[name] = family }
            precondition(family.kind == kind, "\(name) is used as two kinds of metric")
            var text = MetricsRegistry.render(labels)
            if let place = family.places[text] { return family.series[place].series }
            if family.series.count >= MetricsRegistry.seriesLimit {
                text = MetricsRegistry.render(labels.map { ($0.0, "other") })
                if let place = family.places[text] { return family.series[place].series }
            }
            let made = make()
            family.places[text] = family.series.count
            family.series.append((text, made))
            return made
        }
    }

    /// The text format, version 0.0.4; families in the order of their first use.
    package func render() -> [UInt8] {
        let families = state.withLock { state in state.names.compactMap { name in state.families[name].map { (name, $0) } } }
        var out = ""
        for (name, family) in families {
            out += "# HELP \(name) \(MetricsRegistry.escape(family.help, quotes: false))\n# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, series) in family.series {
                switch series {
                case .counter(let counter): out += "\(name)\(MetricsRegistry.braces(labels)) \(counter.value)\n"
                case .gauge(let gauge): out += "\(name)\(MetricsRegistry.braces(labels)) \(gauge.value)\n"
                case .computed(let read): out += "\(name)\(MetricsRegistry.braces(labels)) \(MetricsRegistry.number(read()))\n"
                case .histogram(let histogram): histogram.render(name, labels, into: &out)
                }
            }
        }
        return Array(out.utf8)
    }

    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    // MARK: Text

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return name.utf8.allSatisfy {
            $0 == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
        }
    }

    static func render(_ labels: Labels) -> String {
        labels.map { "\($0.0)=\"\(escape($0.1, quotes: true))\"" }.joined(separator: ",")
    }

    static func escape(_ text: String, quotes: Bool) -> String {
        var out = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quotes: out += "\\\""
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }

    static func braces(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return value.description
    }
}
