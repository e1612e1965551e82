import Core
import Scripting

/// Runs a plugin's hook on a record, in an arena of its own and a savepoint of its own.
enum HookRun {
    /// - Parameter old: the record as it is stored; nil for one that is being made.
    /// - Returns: the record as the hook left it.
    ///   nil where it is left out because it keeps failing, or failed and may be left out.
    static func run(_ hook: HookDeclaration, _ values: Object, old: Object?, _ scope: RunScope) throws -> Object? {
        if hook.onFailure == .block { return try attempt(hook, "run", values, old, scope) }
        let breaker = scope.breaker
        if try !breaker.isOff(hook.key, scope.database) {
            do {
                let result = try attempt(hook, "run", values, old, scope)
                breaker.succeeded(hook.key)
                return result
            } catch let fault as ScriptFault where !fault.verdict.isLimit {
                // What it did is undone by its savepoint; a limit is the request's, and ends it.
                let failures = breaker.failed(hook.key)
                try? scope.note("error", "\(hook.name) failed: \(fault.message)", ["where": .string(fault.place)], plugin: hook.plugin)
                if failures >= HookBreaker.limit {
                    try breaker.switchOff(hook, failures: failures, error: fault.description, scope)
                    try? scope.note("error", "\(hook.name) was switched off after \(failures) failures in a row", .null, plugin: hook.plugin)
                }
            }
        }
        return hook.onFailure == .fallback ? try attempt(hook, "fallback", values, old, scope) : nil
    }

    private static func attempt(_ hook: HookDeclaration, _ function: String, _ values: Object, _ old: Object?, _ scope: RunScope) throws -> Object {
        let run = HostRun(scope, phase: hook.phase, package: scope.revision.plugins.package(hook.plugin))
        let result = try scope.database.savepoint {
            let context: Value = ["type": .string(hook.on), "phase": .string(hook.phase.rawValue)]
            return try ScriptCall.run(
                hook.program, function, [context, .object(values), old.map(Value.object) ?? .null], invoker: "hook", run)
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
