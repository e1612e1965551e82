import Core
import Scripting

/// All that the kernel offers to scripts.
package enum HostAPI {
    /// The functions by their number in the bridge.
    package static let functions: [HostFunction] =
        RecordModule.functions + LedgerModule.functions + SequenceModule.functions + TaxModule.functions + RulesModule.functions
        + FactsModule.functions + DateModule.functions + MoneyModule.functions + LogModule.functions + JobModule.functions + SettingsModule.functions
        + EffectModule.functions + ReportModule.functions + FileModule.functions + TraceModule.functions

    /// What plugins' code and rule files stand on: the sandbox, the host functions and the prelude.
    package static let base = makeBase()

    /// That, and more: further host functions with numbers of their own, and chunks of the prelude that run last.
    static func makeBase(further: [Scripting.HostFunction] = [], prelude: [(name: String, source: [UInt8])] = []) -> ScriptBase {
        ScriptBase(functions: known + further, prelude: shared + prelude.map(compiled))
    }

    private static let known = functions.enumerated().map {
        Scripting.HostFunction($1.module, $1.name, id: $0, exposed: !hidden.contains($1.module))
    }

    private static let shared = [
        ("errors", PackageResources.errors_lua), ("money", PackageResources.money_lua), ("facts", PackageResources.facts_lua),
        ("text", PackageResources.text_lua), ("record", PackageResources.record_lua), ("rules", PackageResources.rules_lua),
        ("effects", PackageResources.effects_lua),
    ].map(compiled)

    private static func compiled(_ name: String, _ source: [UInt8]) -> CompiledChunk {
        do {
            return try CompiledChunk(source, name: "prelude/\(name).lua", kernel: true)
        } catch {
            preconditionFailure("the prelude does not compile: \(error)")
        }
    }

    /// Modules of which the prelude makes its own.
    private static let hidden: Set<String> = ["record", "rules", "tenant", "branch", "money", "http", "print"]

    /// The sandbox alone, for manifests.
    package static let bare = ScriptBase(functions: [])
}
