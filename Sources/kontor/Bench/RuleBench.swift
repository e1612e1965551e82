import Core
import Scripting

/// One call of a rule with twenty fields in and out, in a fresh state with every limit on, beside the same from C.
enum RuleBench {
    private static let calls = 20_000

    static func run(_ bench: BenchRun) throws -> [Measurement] {
        let bridge = "\(bench.home)/Sources/CBridge"
        let sources = try Files.list(bridge).filter { $0.hasPrefix("lua_") && $0.hasSuffix(".c") }.map { "\(bridge)/\($0)" }
        let flags = try Child.run("pkg-config", ["--cflags", "--libs", "lua5.4"]).output.split(separator: " ").map(String.init)
        let program = try bench.build("rule_floor", ["-I\(bridge)/include"] + sources + flags + ["-lpthread"])
        let rule = "\(bench.home)/Tests/Floors/rule.lua"

        var product: [Double] = [], bare: [Double] = []
        for _ in 0..<bench.rounds {
            let (output, status) = try Child.run(program, [rule, String(calls)])
            guard status == 0 else { throw Child.Failure(description: "rule_floor: \(output)") }
            bare += output.split(separator: "\n").compactMap { Double($0.dropFirst(3)) }
            product += try measure(rule)
        }
        let value = median(product) / 1000, floor = median(bare) / 1000
        return [
            Measurement(
                name: "rule_call", value: value, unit: "µs", floor: floor, bar: "at most 5 µs more than the floor",
                isMet: value - floor <= 5, more: ["more_us": .double(((value - floor) * 1000).rounded() / 1000)])
        ]
    }

    /// Nanoseconds a call, for ten batches.
    private static func measure(_ rule: String) throws -> [Double] {
        let source = try Files.read(rule)
        return try ScriptThread.run {
            let chunk = try CompiledChunk(source, name: "rule.lua")
            let program = Program(base: ScriptBase(functions: []), chunk)
            let host = NoHost()
            return try (0..<10).map { _ -> Double in
                let start = monotonicNanoseconds()
                for turn in 0..<calls {
                    let result = try program.run("run", [.object(fields(Int64(turn)))], limits: .request, seed: 1, host: host).value
                    guard result.object?.count == 20 else { throw Child.Failure(description: "the rule answered \(result)") }
                }
                return Double(monotonicNanoseconds() - start) / Double(calls)
            }
        }
    }

    /// Twelve integers, six strings, two booleans.
    private static func fields(_ turn: Int64) -> Object {
        var object = Object()
        object.reserveCapacity(20)
        for (index, name) in names.enumerated() {
            switch index {
            case ..<12: object.append(name, .int(turn + Int64(index)))
            case ..<18: object.append(name, .string("a text of some size"))
            default: object.append(name, .bool(index == 18))
            }
        }
        return object
    }

    private static let names = (1...20).map { $0 < 10 ? "f0\($0)" : "f\($0)" }
}

private final class NoHost: ScriptHost {
    func call(_ function: Int, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws {
        throw Problem(500, "script.internal", "there are no host functions here")
    }
}
