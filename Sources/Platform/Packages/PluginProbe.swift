import Core

/// Checks a plugin as an installation does, and tells what is wrong.
package enum PluginProbe {
    /// One finding each: `file`, `line`, `column`, `severity`, `code`, `field`, `message`, `hint`; none when it could be installed.
    /// - Parameter dependencies: the packages that it may depend on.
    package static func findings(_ files: [String: [UInt8]], dependencies: [PluginPackage]) -> [Value] {
        ScriptCheck.plugin(files, dependencies: dependencies).map(\.value)
    }
}
