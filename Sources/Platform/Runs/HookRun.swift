import Core
import Scripting

/// Runs a plugin's hook on a record, in an arena of its own and a savepoint of its own.
enum HookRun {
    /// - Parameter old: the record as it is stored; nil for one that is being made.
    /// - Returns: the record as the hook left it.
    static func run(_ hook: HookDeclaration, _ values: Object, old: Object?, _ scope: RunScope) throws -> Object {
        let run = HostRun(scope, phase: hook.phase, package: scope.revision.plugins.package(hook.plugin))
        let result = try scope.database.savepoint {
            let context: Value = ["type": .string(hook.on), "phase": .string(hook.phase.rawValue)]
            return try ScriptCall.run(
                hook.program, "run", [context, .object(values), old.map(Value.object) ?? .null], invoker: "hook", run)
        }
        return result.object ?? Object()
    }

    /// Runs the hooks of a plugin's own life: `install`, `upgrade`.
    static func lifecycle(_ phase: Phase, _ package: PluginPackage, _ arguments: [Value], _ scope: RunScope) throws {
        scope.limits = .lifecycle
        scope.scriptLimits = .read
        for hook in scope.revision.plugins.hooks(on: "plugin:\(package.name)", phase) {
            let run = HostRun(scope, phase: phase, package: package)
            _ = try ScriptCall.run(hook.program, "run", arguments, run)
        }
    }
}
