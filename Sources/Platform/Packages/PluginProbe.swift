import Core

/// Reads a plugin as an installation would, and tells what is wrong.
package enum PluginProbe {
    /// One finding each: `file`, `line`, `column`, `severity`, `code`, `message`; none when it could be installed.
    /// - Parameter dependencies: the packages that it may depend on.
    package static func findings(_ files: [String: [UInt8]], dependencies: [PluginPackage]) -> [Value] {
        do {
            _ = try PluginPackage(files: files, dependencies: dependencies)
            return []
        } catch {
            if var finding = Scripts.finding(error, "plugin.lua") {
                finding["severity"] = "error"
                return [.object(finding)]
            }
            let problem = (error as? any ProblemConvertible)?.problem
            return [[
                "file": "plugin.lua", "line": .null, "severity": "error", "code": .string(problem?.code ?? "plugin.invalid"),
                "message": .string(problem?.detail ?? "\(error)"),
            ]]
        }
    }
}
