import Core
import Scripting

/// Which test files can have another outcome when files of a plugin were saved.
///
/// A test reaches routes, hooks and records by what it asks, not by `require`; so whatever serves those may concern every test.
/// What only tests require, and what only one of them reads, concerns those.
package enum AffectedTests {
    /// - Parameters:
    ///   - files: all of the plugin's, as they are now.
    ///   - changed: paths of those that were saved, made or removed.
    ///   - plugin: its name, as in `require "NAME.lib.…"`.
    /// - Returns: paths such as `tests/sales_test.lua`; nil for all.
    package static func of(_ files: [String: [UInt8]], changed: Set<String>, plugin: String) -> Set<String>? {
        let tests = Set(files.keys.filter { $0.hasPrefix("tests/") && $0.hasSuffix("_test.lua") })
        var affected: Set<String> = []
        var requires: [String: Set<String>]?
        for path in changed.sorted() {
            if tests.contains(path) {
                affected.insert(path)
            } else if path.hasPrefix("tests/"), path.hasSuffix("_test.lua") {
                // It is gone, and its tests with it.
                continue
            } else if path.hasPrefix("fixtures/"), path.hasSuffix(".json") {
                let word = "\"\(path.dropFirst("fixtures/".count).dropLast(".json".count))\""
                let readers = tests.filter { String(decoding: files[$0] ?? [], as: UTF8.self).contains(word) }
                if readers.isEmpty { return nil }
                affected.formUnion(readers)
            } else if path.hasPrefix("lib/"), path.hasSuffix(".lua") {
                requires = requires ?? modules(files, plugin)
                guard let requires, let readers = Self.readers(of: module(path, plugin), requires, tests, plugin) else { return nil }
                affected.formUnion(readers)
            } else {
                return nil
            }
        }
        return affected
    }

    private static func module(_ path: String, _ plugin: String) -> String { "\(plugin).\(path.dropLast(4).replacing("/", with: "."))" }

    /// What each file requires, by its path; nil where one cannot be read.
    private static func modules(_ files: [String: [UInt8]], _ plugin: String) -> [String: Set<String>]? {
        var found: [String: Set<String>] = [:]
        for (path, source) in files where path.hasSuffix(".lua") && path != "plugin.lua" {
            guard let tree = try? LuaTree(source) else { return nil }
            var required: Set<String> = []
            var walker = LuaWalker()
            walker.expression = { expression in
                if let module = LuaFile.requiredModule(expression) { required.insert(module) }
                return true
            }
            walker.walk(tree.main.body)
            found[path] = required
        }
        return found
    }

    /// The tests that reach a module; nil where something that is no test does, or nobody.
    private static func readers(
        of module: String, _ requires: [String: Set<String>], _ tests: Set<String>, _ plugin: String
    ) -> Set<String>? {
        var reached: Set<String> = [module]
        var open = [module]
        var readers: Set<String> = []
        while let next = open.popLast() {
            for (path, required) in requires where required.contains(next) {
                if tests.contains(path) {
                    readers.insert(path)
                } else if path.hasPrefix("lib/") {
                    let own = self.module(path, plugin)
                    if reached.insert(own).inserted { open.append(own) }
                } else {
                    return nil
                }
            }
        }
        return readers.isEmpty ? nil : readers
    }
}
