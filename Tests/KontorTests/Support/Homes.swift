import Core
import Glibc

/// The program's own folder with one more plugin in it, for `--home`.
enum Homes {
    /// - Parameter files: by their path in the plugin's folder.
    static func with(_ plugin: String, _ files: [String: String]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in ["Web", "Rules"] { symlink("\(Kontor.home)/\(name)", "\(folder.path)/\(name)") }
        let plugins = "\(folder.path)/Plugins"
        try Files.createDirectory(plugins)
        for name in try Files.list("\(Kontor.home)/Plugins") { symlink("\(Kontor.home)/Plugins/\(name)", "\(plugins)/\(name)") }
        try Files.createDirectory("\(plugins)/\(plugin)")
        for (path, text) in files {
            let file = "\(plugins)/\(plugin)/\(path)"
            try Files.createDirectory(Files.parent(file))
            try Files.writeAtomically(file, Array(text.utf8))
        }
        return folder
    }
}
