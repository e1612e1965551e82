import Core
import Scripting

/// All that the kernel offers to scripts.
package enum HostAPI {
    /// The functions by their number in the bridge.
    package static let functions: [HostFunction] =
        RecordModule.functions + LedgerModule.functions + SequenceModule.functions + TaxModule.functions + RulesModule.functions
        + FactsModule.functions + DateModule.functions + MoneyModule.functions + LogModule.functions + JobModule.functions + SettingsModule.functions
        + EffectModule.functions

    /// What plugins' code and rule files stand on: the sandbox, the host functions and the prelude.
    package static let base = ScriptBase(
        functions: functions.enumerated().map { Scripting.HostFunction($1.module, $1.name, id: $0, exposed: !hidden.contains($1.module)) },
        prelude: [
            ("errors", PackageResources.errors_lua), ("money", PackageResources.money_lua), ("facts", PackageResources.facts_lua),
            ("text", PackageResources.text_lua), ("record", PackageResources.record_lua), ("rules", PackageResources.rules_lua),
            ("effects", PackageResources.effects_lua),
        ].map { name, source in
            do {
                return try CompiledChunk(source, name: "prelude/\(name).lua", kernel: true)
            } catch {
                preconditionFailure("the prelude does not compile: \(error)")
            }
        })

    /// Modules of which the prelude makes its own.
    private static let hidden: Set<String> = ["record", "rules", "tenant", "branch", "money", "http", "print"]

    /// The sandbox alone, for manifests.
    package static let bare = ScriptBase(functions: [])
}
