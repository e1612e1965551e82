import Core
import Scripting

/// A rule bound to a record type and a phase, or to the plugin's own life: `hooks/<name>.lua`.
package final class HookDeclaration: Sendable {
    package let plugin: String
    package let file: String
    package let id: String
    /// A record type, or `plugin` for the phases `install` and `upgrade`.
    package let on: String
    package let phase: Phase
    package let program: Program

    package init(_ value: Value, plugin: String, file: String, program: Program) throws(DeclarationError) {
        let declaration = try Declaration(value, file: file)
        self.plugin = plugin
        self.file = file
        self.program = program
        id = try declaration.requiredText("id")
        on = try declaration.requiredText("on")
        // What an event tells has happened already.
        let word = try declaration.text("phase") ?? (on.hasPrefix("event:") ? Phase.afterCommit.rawValue : "")
        guard let phase = Phase(rawValue: word), Phase.hooks.contains(phase) else {
            throw declaration.wrong("phase", "must be one of \(Phase.hooks.map(\.rawValue).joined(separator: ", "))")
        }
        self.phase = phase
        if on.hasPrefix("event:"), phase != .afterCommit {
            throw declaration.wrong("phase", "must be \(Phase.afterCommit.rawValue) for an event, or be left out")
        }
        guard let run = declaration.value("run"), run.isScriptFunction else { throw declaration.wrong("run", "must be a function") }
        try declaration.finish()
    }
}
