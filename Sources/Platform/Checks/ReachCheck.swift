import Core
import Scripting

/// What a function of a file may end up calling, through functions of its own file and of the modules that it requires: whether
/// all of it is legal where it runs, and whether the plugin has asked for it.
struct ReachCheck {
    /// The files by the name of their module.
    let files: [String: LuaFile]
    /// nil for rule files, which hold no capability.
    var rights: Rights?

    struct Rights {
        let plugin: String
        /// Record types by name, with the plugin that declares each.
        let types: [String: String]
        let readable: Set<String>
        let writable: Set<String>
        /// Words of the manifest's capabilities: `ledger.post`.
        let granted: Set<String>
    }

    /// One use of the host API.
    private struct Use {
        let file: LuaFile
        let path: String
        let position: LuaPosition
        let arguments: [LuaExpression]
    }

    /// Findings for what `entry` of `file` reaches in a phase.
    func findings(_ file: LuaFile, _ entry: LuaFunction, _ phase: Phase, as what: String) -> [Finding] {
        var findings: [Finding] = []
        for use in uses(file, entry) {
            for name in HostReference.calls(use.path) ?? [] {
                let allowed = HostReference.phases([name])
                guard !allowed.allows(phase) else { continue }
                let reached = use.file === file ? "" : ", reached from \(file.name)"
                findings.append(
                    Finding(
                        use.file.name, use.position, .error, "check.phase",
                        "\(use.path) is not allowed in phase “\(phase.rawValue)” (\(what)\(reached))",
                        hint: "allowed: \(allowed.names)"))
            }
        }
        return findings
    }

    /// Findings for what runs while the file loads.
    func loading(_ file: LuaFile) -> [Finding] {
        uses(in: file, file.tree.main.body, enter: false).compactMap { use in
            guard !use.arguments.isEmpty || use.isCall, !(HostReference.calls(use.use.path) ?? []).isEmpty else { return nil }
            return Finding(
                file.name, use.use.position, .error, "check.loading", "\(use.use.path) is called while the file loads, when there is no request yet",
                hint: "call it inside a function")
        }
    }

    /// Findings for all that the file's functions use without having asked for it.
    func rights(_ file: LuaFile) -> [Finding] {
        uses(in: file, file.tree.main.body, enter: true).compactMap { missing($0.use) }
    }

    private func missing(_ use: Use) -> Finding? {
        guard let entry = HostReference.entry(use.path), let capability = entry.capability else { return nil }
        func finding(_ code: String, _ message: String, _ hint: String?) -> Finding {
            Finding(use.file.name, use.position, .error, code, message, hint: hint)
        }
        guard capability.hasPrefix("record.") else {
            guard let rights, !rights.granted.contains(capability) else { return nil }
            return finding("check.capability", "\(use.path): \(rights.plugin) has no capability “\(capability)”", "name it in capabilities of plugin.lua")
        }
        guard let rights, let type = use.arguments.first?.text else { return nil }
        guard let owner = rights.types[type] else {
            return finding(
                "check.record_type", "\(use.path): there is no record type “\(type)” here",
                Spelling.nearest(to: type, among: rights.types.keys.sorted()).map { "did you mean \($0)?" }
                    ?? "a plugin sees its own types, and those of the plugins it names in depends")
        }
        if owner == rights.plugin || rights.writable.contains(type) { return nil }
        if capability == "record.read", rights.readable.contains(type) { return nil }
        let verb = capability == "record.read" ? "read" : "write"
        return finding(
            "check.capability", "\(use.path): \(rights.plugin) has no capability to \(verb) \(type)",
            "name it in capabilities.record.\(verb) of plugin.lua")
    }

    // MARK: Walking

    private func uses(_ file: LuaFile, _ entry: LuaFunction) -> [Use] {
        var all: [Use] = []
        var seen: Set<ObjectIdentifier> = [ObjectIdentifier(entry)]
        var waiting: [(LuaFile, LuaFunction)] = [(file, entry)]
        while let (file, function) = waiting.popLast() {
            var walker = LuaWalker()
            walker.expression = { expression in
                if let target = self.target(of: expression, in: file), seen.insert(ObjectIdentifier(target.1)).inserted { waiting.append(target) }
                return true
            }
            walker.walk(function.body)
            all += uses(in: file, function.body, enter: true).map(\.use)
        }
        return all
    }

    /// The function that an expression names, here or in a module that the file requires.
    private func target(of expression: LuaExpression, in file: LuaFile) -> (LuaFile, LuaFunction)? {
        if let function = file.function(expression) { return (file, function) }
        if let (module, member) = file.imported(expression), let other = files[module], let function = other.exports[member] { return (other, function) }
        return nil
    }

    private func uses(in file: LuaFile, _ body: [LuaStatement], enter: Bool) -> [(use: Use, isCall: Bool, arguments: [LuaExpression])] {
        var all: [(use: Use, isCall: Bool, arguments: [LuaExpression])] = []
        // Of `record.find(…)` the call is told, not its callee once more.
        var told: Set<LuaPosition> = []
        var walker = LuaWalker()
        walker.function = { _ in enter }
        walker.expression = { expression in
            switch expression.kind {
            case .call(let callee, let arguments):
                if let path = file.path(of: callee), told.insert(callee.position).inserted {
                    all.append((Use(file: file, path: path, position: callee.position, arguments: arguments), true, arguments))
                }
            case .index:
                guard let path = file.path(of: expression), path.contains("."), !file.aliasPlaces.contains(expression.position), told.insert(expression.position).inserted else { break }
                let isField = HostReference.entry(path)?.kind == .field
                all.append((Use(file: file, path: path, position: expression.position, arguments: []), isField, []))
            default: break
            }
            return true
        }
        walker.walk(body)
        return all
    }
}
