import Core

/// The order in which the hooks of a record type and phase run: fixed when plugins are installed.
///
/// A hook names others in `after` and `before`, as `plugin:id` or by the id alone for its own plugin's. What is not said is
/// decided by the order of the plugins and then of the files. Hooks of plugins that are not installed may be named.
enum HookOrder {
    /// - Throws: `DeclarationError` for a hook that is not there and for a circle, naming its hooks.
    static func sorted(_ hooks: [HookDeclaration], plugins: Set<String>) throws(DeclarationError) -> [HookDeclaration] {
        var waitsFor = [Set<Int>](repeating: [], count: hooks.count)
        for (index, hook) in hooks.enumerated() {
            for name in hook.after {
                if let other = try place(of: name, hook, "after", hooks, plugins) { waitsFor[index].insert(other) }
            }
            for name in hook.before {
                if let other = try place(of: name, hook, "before", hooks, plugins) { waitsFor[other].insert(index) }
            }
        }
        var result: [HookDeclaration] = []
        var open = Array(hooks.indices)
        while !open.isEmpty {
            guard let next = open.firstIndex(where: { waitsFor[$0].isDisjoint(with: open) }) else {
                let circle = circle(open, waitsFor)
                let first = hooks[circle[0]]
                throw DeclarationError(
                    file: first.file, field: "after",
                    message: "makes a circle: \((circle + [circle[0]]).map { hooks[$0].name }.joined(separator: " waits for "))")
            }
            result.append(hooks[open.remove(at: next)])
        }
        return result
    }

    private static func place(
        of name: String, _ hook: HookDeclaration, _ member: String, _ hooks: [HookDeclaration], _ plugins: Set<String>
    ) throws(DeclarationError) -> Int? {
        let full = name.contains(":") ? name : "\(hook.plugin):\(name)"
        if let index = hooks.firstIndex(where: { $0.name == full }) { return index }
        let plugin = full.split(separator: ":").first.map(String.init) ?? ""
        guard plugins.contains(plugin) else { return nil }
        throw DeclarationError(
            file: hook.file, field: member, message: "names “\(name)”, which is no hook on \(hook.on) in the phase \(hook.phase.rawValue)")
    }

    /// Some hooks of which each waits for the next, and the last for the first.
    private static func circle(_ open: [Int], _ waitsFor: [Set<Int>]) -> [Int] {
        var path: [Int] = []
        var at = open[0]
        while !path.contains(at) {
            path.append(at)
            at = waitsFor[at].filter(open.contains).min() ?? at
        }
        return Array(path[(path.firstIndex(of: at) ?? 0)...])
    }
}
