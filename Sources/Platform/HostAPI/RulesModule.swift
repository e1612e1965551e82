import Core
import Scripting

/// `rules`: the rule sets in force, their values and their functions.
enum RulesModule {
    static let functions: [HostFunction] = [
        HostFunction("rules", "load", .all, "the values of a rule set, its version and the names of its functions") { run, arguments in
            let contract = try arguments.text(0)
            let set = try ruleSet(run, contract, key: try arguments.optionalText(1))
            return [
                "values": .object(set.content.values), "functions": .array(set.content.functions.map(Value.string)),
                "version": .string(set.reference), "key": .string(set.key),
            ]
        },
        HostFunction("rules", "call", .all, "calls a function of a rule set") { run, arguments in
            let contract = try arguments.text(0)
            let set = try ruleSet(run, contract, key: try arguments.text(1))
            let path = try arguments.text(2)
            guard set.content.functions.contains(path) else { throw arguments.wrong(2, "is no function of \(set.path)") }
            let inner = HostRun(run.scope, phase: .compute, package: nil)
            return try ScriptCall.run(set.content.program, path, Array(arguments.values.dropFirst(3)), .request, inner)
        },
    ]

    static func ruleSet(_ run: HostRun, _ contract: String, key: String?) throws -> RuleSet {
        guard let set = run.scope.revision.ruleSet(contract, key: key) else {
            let wanted = key.map { " for “\($0)”" } ?? ""
            throw Problem(422, "rules.none", "There is no rule set of the contract \(contract)\(wanted) in force.")
        }
        return set
    }
}
