import Core
import Glibc

enum BenchVerb {
    static let all = [
        Verb(
            "bench", "[NAME…]", "Measure how fast this is, beside floors in C on the same machine",
            options: [Option("seconds", "N", "How long each load lasts (else 5)"), Option("rounds", "N", "How often product and floor take turns (else 3)")],
            details: """
                Names: \(Bench.all.map(\.name).joined(separator: ", ")). With --json a line of JSON each:
                {"name","value","unit","floor","ratio"} and more. Ends with 1 when a measurement misses its bar.
                """
        ) { invocation in
            let names = invocation.arguments.words
            for name in names where !Bench.all.contains(where: { $0.name == name }) {
                throw UsageError("There is no measurement “\(name)”")
            }
            let chosen = Bench.all.filter { names.isEmpty || names.contains($0.name) }
            let bench = try BenchRun(invocation)
            var isMet = true
            for measurement in chosen {
                for result in try measurement.run(bench) {
                    isMet = isMet && result.isMet
                    standardOutput(invocation.json ? result.json : result.line)
                }
            }
            return isMet ? .done : .refused
        }
    ]
}

/// The measurements there are.
struct Bench: Sendable {
    let name: String
    let run: @Sendable (BenchRun) throws -> [Measurement]

    static let all = [
        Bench(name: "health") { try HealthBench.run($0) },
        Bench(name: "sale_http") { try SaleBench.run($0) },
        Bench(name: "rule_call") { try RuleBench.run($0) },
        Bench(name: "post_flat") { try PostBench.run($0) },
        Bench(name: "publish") { try PublishBench.run($0) },
        Bench(name: "tenants") { try TenantsBench.run($0) },
        Bench(name: "list") { try RecordBench.list($0) },
        Bench(name: "create") { try RecordBench.create($0) },
        Bench(name: "install") { try InstallBench.run($0) },
        Bench(name: "cold") { try ColdBench.run($0) },
        Bench(name: "plugin_requests") { try PluginBench.requests($0) },
        Bench(name: "plugin_jobs") { try PluginBench.jobs($0) },
    ]
}

/// One result, beside what it is compared with.
struct Measurement {
    var name: String
    var value: Double
    var unit: String
    /// The same in C, or the least that is promised.
    var floor: Double
    /// `value / floor`.
    var ratio: Double { value / floor }
    /// What is promised, in words.
    var bar: String
    var isMet: Bool
    var more: Object = [:]

    var json: String {
        var object: Object = [
            "name": .string(name), "value": .double(rounded(value)), "unit": .string(unit), "floor": .double(rounded(floor)),
            "ratio": .double(rounded(ratio)), "bar": .string(bar), "met": .bool(isMet),
        ]
        for (key, value) in more { object[key] = value }
        return String(decoding: JSON.serialize(.object(object)), as: UTF8.self) + "\n"
    }

    var line: String {
        let details = more.map { "\($0.key) \($0.value.plain)" }.joined(separator: ", ")
        return "\(isMet ? "ok  " : "MISS") \(padded(name, 13)) \(padded(plain(value) + " " + unit, 18)) floor \(padded(plain(floor), 10))"
            + " ratio \(padded(plain(ratio), 8)) bar: \(bar)\(details.isEmpty ? "" : " (\(details))")\n"
    }

    private func rounded(_ number: Double) -> Double {
        let scale: Double = abs(number) < 100 ? 1000 : 1
        return (number * scale).rounded() / scale
    }

    private func plain(_ number: Double) -> String { Value.double(rounded(number)).plain }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

extension Value {
    fileprivate var plain: String {
        switch self {
        case .double(let number): number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : String(number)
        case .string(let text): text
        default: String(decoding: JSON.serialize(self), as: UTF8.self)
        }
    }
}

func median(_ numbers: [Double]) -> Double {
    let sorted = numbers.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
}

func quantile(_ numbers: [Double], _ share: Double) -> Double {
    let sorted = numbers.sorted()
    return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
}
