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
    /// Hooks that run before this one, and hooks that run after it: `plugin:id`, or the id of one of its own plugin.
    let after: [String]
    let before: [String]
    let filter: HookFilter?
    package let onFailure: Policy
    /// Its name and the version of its plugin: what is switched off when it keeps failing.
    let key: String

    /// What happens when it fails; a refusal is no failure.
    package enum Policy: String, Sendable, CaseIterable {
        /// The change is refused.
        case block
        /// The change goes on without it.
        case skip
        /// Its function `fallback` runs in its place.
        case fallback
    }

    /// `pos:totals`
    package var name: String { "\(plugin):\(id)" }

    /// - Parameter hash: of the package.
    package init(_ value: Value, plugin: String, hash: String = "", file: String, program: Program) throws(DeclarationError) {
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
        let isLifecycle = Phase.lifecycle.contains(phase)
        if isLifecycle != (on == "plugin") {
            throw declaration.wrong("phase", "is \(phase.rawValue), which \(isLifecycle ? "is a hook on \"plugin\"" : "is a hook on a record type")")
        }
        after = try declaration.texts("after")
        before = try declaration.texts("before")
        if let table = try declaration.table("when") { filter = try HookFilter(table) } else { filter = nil }
        let isLater = isLifecycle || phase.isAfterCommit
        if filter != nil, isLater { throw declaration.wrong("when", "is for hooks that run while a record is saved or deleted") }
        switch try declaration.text("on_failure") {
        case nil: onFailure = .block
        case let word?:
            guard let policy = Policy(rawValue: word) else { throw declaration.wrong("on_failure", "must be block, skip or fallback") }
            if isLater { throw declaration.wrong("on_failure", "is for hooks that run while a record is saved or deleted") }
            onFailure = policy
        }
        let fallback = declaration.value("fallback")
        if let fallback, !fallback.isScriptFunction { throw declaration.wrong("fallback", "must be a function") }
        if (fallback != nil) != (onFailure == .fallback) {
            throw declaration.wrong("fallback", fallback == nil ? "is missing: on_failure is fallback" : "is there, and on_failure is not fallback")
        }
        key = "\(plugin):\(id)@\(hash.prefix(16))"
        guard let run = declaration.value("run"), run.isScriptFunction else { throw declaration.wrong("run", "must be a function") }
        try declaration.finish()
    }
}
