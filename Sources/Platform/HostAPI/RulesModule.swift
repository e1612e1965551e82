import Core
import Scripting

/// `rules`: the rule sets in force, their values and their functions.
enum RulesModule {
    static let functions: [HostFunction] = [
        HostFunction("rules", "load", .all, "the values of a rule set, its version and the names of its functions", flat: { run, arguments, results in
            let set = try ruleSet(run, try arguments.readString(), key: try arguments.optionalString())
            set.flat.withUnsafeBytes { results.raw($0) }
        }),
        HostFunction("rules", "call", .all, "calls a function of a rule set", flat: { run, arguments, results in
            let set = try ruleSet(run, try arguments.readString(), key: try arguments.readString())
            let path = try arguments.readString()
            guard set.content.functions.contains(path) else {
                throw Problem(422, "script.argument", "rules.call: \(path) is no function of \(set.path).")
            }
            let inner = HostRun(run.scope, phase: .compute, package: nil)
            let given = arguments.remainder
            try ScriptCall.run(set.content.program, path, inner, arguments: { $0.raw(given) }, result: { results.raw($0.remainder) })
        }),
    ]

    static func ruleSet(_ run: HostRun, _ contract: String, key: String?) throws -> RuleSet {
        guard let set = run.scope.revision.ruleSet(contract, key: key) else {
            let wanted = key.map { " for “\($0)”" } ?? ""
            throw Problem(422, "rules.none", "There is no rule set of the contract \(contract)\(wanted) in force.")
        }
        return set
    }
}
