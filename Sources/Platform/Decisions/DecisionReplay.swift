import Core
import Scripting
import Storage

/// Decides again what was decided, by another version of a rule or the same one.
struct DecisionReplay {
    /// Whose tenant, revision and database it is; its time is that of each decision.
    let scope: RunScope

    /// The answer as it would cross: same input, same time, same seed.
    func answer(_ decision: Decision, at: Instant, by set: RuleSet) throws -> [UInt8] {
        let inner = RunScope(
            tenant: scope.tenant, revision: scope.revision, principal: scope.principal, database: scope.database, clock: scope.clock, now: at,
            actor: scope.actor, requestID: scope.requestID)
        inner.limits = .lifecycle
        let run = HostRun(inner, phase: .compute, package: nil)
        if decision.isTax { return try TaxModule.calculate(decision.input, by: set, run) }
        guard set.content.functions.contains(decision.function) else {
            // Where a value may stand in place of a function, it answers every case.
            if let value = set.content.plainValue(at: decision.function, scope.tenant.currency), value != .null {
                return Flat.bytes { $0.write(value) } ?? []
            }
            throw Problem(422, "rules.function_gone", "\(decision.function) is no function of \(set.path) any more.")
        }
        return try ScriptCall.run(
            set.content.program, decision.function, run,
            arguments: { writer in decision.input.withUnsafeBytes { writer.raw($0) } }, result: { Array($0.remainder) })
    }

    /// Whether two answers come to the same.
    static func agree(_ decision: Decision, _ output: [UInt8]) -> Bool {
        output == decision.output || figures(decision, Decision.values(output)) == figures(decision, decision.results)
    }

    /// What a decision came to. With taxes the kernel tells the profile by its version, which another version changes by itself;
    /// what a rule's own function calls a profile is a result like any other.
    private static func figures(_ decision: Decision, _ results: [Value]) -> [Value] {
        guard decision.isTax else { return results }
        return results.map { result in
            guard var object = result.object else { return result }
            object["profile"] = nil
            return .object(object)
        }
    }
}

extension Decision {
    /// Taxes are worked out by the kernel, from the profile.
    var isTax: Bool { function == "tax.calculate" }
}

extension RuleContent {
    /// The value at a dotted path, money as money; nil where there is none.
    func plainValue(at path: String, _ currency: Currency) -> Value? {
        var value = Value.object(values)
        for part in path.split(separator: ".") {
            let inner = Int(part).map { value[$0 - 1] } ?? value[String(part)]
            guard let inner else { return nil }
            value = inner
        }
        guard amounts.contains(path), let text = value.string else { return value }
        return (try? Money.parse(text, currency)).map(Value.money)
    }
}

/// Decisions in a file that tests replay: `{ "replay": 1, "record":, "at":, "decisions": [ … ] }`.
///
/// JSON has no money and no decimals, so they are written `{ "$money": "12.50 GHS" }` and `{ "$decimal": "0.10" }`.
enum ReplayFile {
    struct Contents {
        var at: Instant
        var decisions: [Decision]
    }

    static func value(_ decisions: [Decision], at: Instant, record: (type: String, id: Int64)) -> Value {
        [
            "replay": 1, "record": ["type": .string(record.type), "id": .int(record.id)], "at": .string(at.description),
            "decisions": .array(
                decisions.map { decision in
                    [
                        "contract": .string(decision.contract), "path": .string(decision.path), "version": .int(decision.version),
                        "function": .string(decision.function), "input": .array(decision.arguments.map(marked)),
                        "output": .array(decision.results.map(marked)),
                    ]
                }),
        ]
    }

    /// - Throws: 422 `replay.invalid`.
    static func read(_ bytes: [UInt8]) throws -> Contents {
        func wrong(_ message: String) -> Problem { Problem(422, "replay.invalid", "The file is no recording: \(message).") }
        let value = try JSON.parse(bytes, limits: .stored)
        guard value["replay"] == 1, let list = value["decisions"]?.array else { throw wrong("it has no “replay”: 1 and decisions") }
        guard let at = value["at"]?.string.flatMap({ try? Instant($0) }) else { throw wrong("at must be an instant") }
        let decisions = try list.map { item in
            guard let contract = item["contract"]?.string, let path = item["path"]?.string, let function = item["function"]?.string,
                let version = item["version"]?.int, let input = item["input"]?.array, let output = item["output"]?.array
            else { throw wrong("a decision has contract, path, version, function, input and output") }
            return Decision(
                contract: contract, path: path, version: version, function: function, input: try crossed(input), output: try crossed(output))
        }
        return Contents(at: at, decisions: decisions)
    }

    private static func crossed(_ values: [Value]) throws -> [UInt8] {
        let plain = try values.map(unmarked)
        guard let bytes = Flat.bytes({ writer in for value in plain { writer.write(value) } }) else {
            throw Problem(422, "replay.invalid", "The file is no recording: a decision is too large.")
        }
        return bytes
    }

    private static func marked(_ value: Value) -> Value {
        switch value {
        case .money(let money): ["$money": .string("\(money)")]
        case .decimal(let number): ["$decimal": .string("\(number)")]
        case .array(let items): .array(items.map(marked))
        case .object(let object): .object(Object(object.map { ($0.key, marked($0.value)) }))
        default: value
        }
    }

    private static func unmarked(_ value: Value) throws -> Value {
        switch value {
        case .array(let items): return .array(try items.map(unmarked))
        case .object(let object):
            if object.count == 1, let text = object["$money"]?.string {
                return .money(try Money.parse(text))
            }
            if object.count == 1, let text = object["$decimal"]?.string { return .decimal(try Decimal(text)) }
            return .object(Object(try object.map { ($0.key, try unmarked($0.value)) }))
        default: return value
        }
    }
}
