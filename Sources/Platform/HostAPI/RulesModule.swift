import Core
import Scripting

/// `rules`: the rule sets in force, their values and their functions.
enum RulesModule {
    static let functions: [HostFunction] = [
        HostFunction("rules", "load", .all, "the values of a rule set, its version and the names of its functions", flat: { run, arguments, results in
            load(try ruleSet(run, try arguments.readString(), key: try arguments.optionalString()), run, &results)
        }),
        HostFunction("rules", "call", .all, "calls a function of a rule set", flat: { run, arguments, results in
            try call(try ruleSet(run, try arguments.readString(), key: try arguments.readString()), run, &arguments, &results)
        }),
        HostFunction("rules", "load_version", .all, "the same of the version that a record was made under", flat: { run, arguments, results in
            load(try run.scope.ruleSet(try arguments.readString(), at: try arguments.readString()), run, &results)
        }),
        HostFunction("rules", "call_version", .all, "calls a function of that version", flat: { run, arguments, results in
            try call(try run.scope.ruleSet(try arguments.readString(), at: try arguments.readString()), run, &arguments, &results)
        }),
    ]

    private static func load(_ set: RuleSet, _ run: HostRun, _ results: inout FlatWriter) {
        run.scope.used(set)
        set.flat.withUnsafeBytes { results.raw($0) }
    }

    /// - Parameter arguments: the path of the function, then what it takes.
    private static func call(_ set: RuleSet, _ run: HostRun, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws {
        let path = try arguments.readString()
        guard set.content.functions.contains(path) else {
            throw Problem(422, "script.argument", "rules.call: \(path) is no function of \(set.path).")
        }
        let inner = HostRun(run.scope, phase: .compute, package: run.package)
        let given = arguments.remainder
        let field = set.content.results[path]
        try ScriptCall.run(
            set.content.program, path, inner, arguments: { $0.raw(given) },
            result: { reader in
                run.scope.decided(set, path, input: given) { Array(reader.remainder) }
                guard let field else { return results.raw(reader.remainder) }
                results.write(try field.checkedResult(try reader.readValue(), run.scope.tenant.currency, "\(path) of \(set.reference)"))
            })
    }

    static func ruleSet(_ run: HostRun, _ contract: String, key: String?) throws -> RuleSet {
        guard let set = run.scope.revision.ruleSet(contract, key: key) else {
            let wanted = key.map { " for “\($0)”" } ?? ""
            throw Problem(422, "rules.none", "There is no rule set of the contract \(contract)\(wanted) in force.")
        }
        return set
    }
}

extension FieldDeclaration {
    /// What a function gave in place of the field's value: held to the field's kind and bounds, as a plain value is on save.
    fileprivate func checkedResult(_ value: Value, _ currency: Currency, _ what: String) throws -> Value {
        var faults: [Schema.Fault] = []
        var result = value
        switch (kind, value) {
        case (.money, .money(let amount)) where amount.currency == currency: break
        case (.money, _): faults = [Schema.Fault(field: "", code: "type", message: "must give money in \(currency.code), and gave \(value.kind)")]
        case (.decimal, .string), (.percent, .string):
            faults = [Schema.Fault(field: "", code: "type", message: "must give a decimal, and gave \(value.kind)")]
        default:
            result = schema.check(value, at: "", currency: nil, &faults)
        }
        if let fault = faults.first { throw Problem(422, "rules.result", "\(what): the value \(fault.message).") }
        return result
    }
}
