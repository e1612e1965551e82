import Core

/// What lies beside the binary: `Plugins/<name>/…` and `Rules/…`, the shipped plugins and rule files.
package struct Shipped: Sendable {
    /// The folder that holds `Plugins` and `Rules`.
    package let home: String

    /// Who the plugins beside the program are from; no archive may come from it.
    package static let publisher = "kontor"

    package init(home: String) {
        self.home = home
    }

    /// The names of the shipped plugins.
    package func pluginNames() throws -> [String] {
        try Files.list("\(home)/Plugins").filter { Files.exists("\(home)/Plugins/\($0)/plugin.lua") }.sorted()
    }

    /// A plugin's files by their path inside its folder; tests are left out.
    /// - Throws: 404 `plugin.not_shipped`.
    package func plugin(_ name: String) throws -> [String: [UInt8]] {
        guard FieldDeclaration.isName(name), Files.exists("\(home)/Plugins/\(name)/plugin.lua") else {
            throw Problem(404, "plugin.not_shipped", "There is no plugin “\(name)” beside the program.")
        }
        return try luaFiles("\(home)/Plugins/\(name)", prefix: "").filter { !$0.key.hasPrefix("tests/") }
    }

    /// The rule files by their path, `Rules/tax/gh-standard.lua`.
    package func rules() throws -> [String: [UInt8]] {
        guard Files.isDirectory("\(home)/Rules") else { return [:] }
        return try luaFiles("\(home)/Rules", prefix: "Rules/").filter { !$0.key.hasSuffix("_test.lua") }
    }

    /// The tests of a rule file, `Rules/tax/gh-standard_test.lua` for `Rules/tax/gh-standard.lua`; nil where it has none.
    package func ruleTests(_ path: String) throws -> (file: String, source: [UInt8])? {
        guard path.hasPrefix("Rules/"), path.hasSuffix(".lua"), !path.contains("..") else { return nil }
        let file = "\(path.dropLast(4))_test.lua"
        return Files.exists("\(home)/\(file)") ? (file, try Files.read("\(home)/\(file)")) : nil
    }

    /// A plugin's tests and their fixtures, by their path in its folder.
    package func tests(of plugin: String) throws -> [String: [UInt8]] {
        let folder = "\(home)/Plugins/\(plugin)"
        guard FieldDeclaration.isName(plugin) else { return [:] }
        var files: [String: [UInt8]] = [:]
        for (part, ending) in [("tests", "_test.lua"), ("fixtures", ".json")] where Files.isDirectory("\(folder)/\(part)") {
            for name in try Files.list("\(folder)/\(part)") where name.hasSuffix(ending) {
                files["\(part)/\(name)"] = try Files.read("\(folder)/\(part)/\(name)")
            }
        }
        return files
    }

    private func luaFiles(_ folder: String, prefix: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try Files.list(folder) {
            let path = "\(folder)/\(name)"
            if name.hasSuffix(".lua") {
                files["\(prefix)\(name)"] = try Files.read(path)
            } else if !name.hasPrefix("."), Files.isDirectory(path) {
                files.merge(try luaFiles(path, prefix: "\(prefix)\(name)/")) { $1 }
            }
        }
        return files
    }
}
