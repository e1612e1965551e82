import Core
import Scripting

/// What a test can look at of how a result came about: of the last call or job, and of what the test itself did since.
struct TestEvidence {
    private var scopes: [RunScope] = []
    /// Of the last call or job; nil before the first one.
    private var last: RunCosts?
    /// Of all that the test did.
    private(set) var all = RunCosts()
    private var isCalling = false

    /// A call or a job begins: what was seen before is not about it.
    mutating func begin() {
        isCalling = true
        scopes = []
    }

    mutating func end(_ seen: [RunScope]) {
        isCalling = false
        var costs = RunCosts()
        for scope in seen { costs.add(scope) }
        scopes += seen
        last = costs
        all.add(costs)
    }

    /// What the test did by itself: one call of a host function.
    mutating func own(_ seen: [RunScope]) {
        for scope in seen {
            all.add(scope)
            if !scope.rulesUsed.isEmpty || !scope.notes.isEmpty || scope.decisions?.decisions.isEmpty == false { scopes.append(scope) }
        }
    }

    var notes: [TraceNote] { scopes.flatMap(\.notes) }
    private var decisions: [Decision] { scopes.flatMap { $0.decisions?.decisions ?? [] } }

    /// A rule set that had a say, in force or of a former version.
    func set(_ reference: String) -> RuleSet? { scopes.lazy.flatMap(\.rulesUsed).first { $0.reference == reference } }

    /// The largest peak is found anew from here on.
    mutating func forgetPeak() { all.memory = 0 }

    var lastCosts: RunCosts { last ?? all }

    /// The rule sets of a contract that had a say, what they decided, and the other contracts that were asked.
    func rules(of contract: String) -> Value {
        var references: [String] = []
        var others: [String] = []
        for set in scopes.flatMap(\.rulesUsed) {
            if set.contract.id == contract {
                if !references.contains(set.reference) { references.append(set.reference) }
            } else if !others.contains(set.contract.id) {
                others.append(set.contract.id)
            }
        }
        return [
            "sets": .array(references.map { ["reference": .string($0)] }), "others": .array(others.map(Value.string)),
            "decisions": .array(
                decisions.filter { $0.contract == contract }.map {
                    ["rule": .string($0.reference), "function": .string($0.function), "result": $0.results.first ?? .null]
                }),
        ]
    }
}

extension TestRun {
    /// A plain value of a rule file, money as money; nothing where there is none.
    func ruleValue(_ reference: String, at path: String) throws -> Value {
        guard let set = evidence.set(reference) else { return .null }
        return set.content.plainValue(at: path, subject.tenant.currency) ?? .null
    }

    /// `costs("last")` of the last call or job, `costs("all")` of the test; `costs("begin")` is that, and the peak begins anew.
    func costs(_ arguments: Arguments) throws -> Value {
        switch try arguments.text(0) {
        case "last": return evidence.lastCosts.value
        case "begin":
            let costs = evidence.all.value
            evidence.forgetPeak()
            return costs
        default: return evidence.all.value
        }
    }
}

extension TestRun {
    /// `replay(name)`: what was decided once, decided again by what is in force in the test.
    func replay(_ arguments: Arguments) throws -> Value {
        let name = try arguments.text(0)
        let recorded: [(decision: Decision, at: Instant)]
        if let bytes = subject.fixtures["fixtures/\(name).json"] ?? subject.fixtures["fixtures/\(name)"] {
            let file = try ReplayFile.read(bytes)
            recorded = file.decisions.map { ($0, file.at) }
        } else if let slash = name.lastIndex(of: "/"), let id = Int64(name[name.index(after: slash)...]) {
            subject.instance.decisions.flush()
            let file = try subject.instance.decisions.file(ofTenant: subject.tenant.id)
            defer { file?.close() }
            recorded = try file?.of(record: String(name[..<slash]), id).map { ($0.decision, try Instant($0.at)) } ?? []
        } else {
            recorded = []
        }
        guard !recorded.isEmpty else {
            throw arguments.wrong(0, "is “\(name)”; there is no recording fixtures/\(name).json, and no decision of such a record")
        }
        let scope = scope()
        let replay = DecisionReplay(scope: scope)
        var differences: [Value] = []
        var effect: Int64 = 0
        for (decision, at) in recorded {
            var told: Object = ["rule": .string(decision.path), "function": .string(decision.function), "before": decision.results.first ?? .null]
            do {
                guard let set = revision.file(decision.path) else { throw Problem(422, "rules.none", "\(decision.path) is not in force.") }
                let output = try replay.answer(decision, at: at, by: set)
                if DecisionReplay.agree(decision, output) { continue }
                let after = Decision.values(output)
                effect += Impact.amount(after) - Impact.amount(decision.results)
                told["after"] = after.first ?? .null
            } catch {
                told["failure"] = .string((error as? any ProblemConvertible)?.problem.detail ?? "\(error)")
            }
            differences.append(.object(told))
        }
        let money = Money(minor: effect, subject.tenant.currency)
        return [
            "replayed": .int(Int64(recorded.count)), "differences": .array(differences),
            "summary": .string("\(recorded.count) decisions replayed, \(differences.count) differ, \(effect > 0 ? "+" : "")\(money)"),
        ]
    }
}
