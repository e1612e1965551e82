import Core
import Glibc

/// One run of a verb: what was asked, where the data and the house are, and how to answer.
struct Invocation: Sendable {
    let arguments: Arguments
    var json: Bool { arguments.has("json") }

    init(_ arguments: Arguments) {
        self.arguments = arguments
    }

    /// The data folder, absolute.
    func data(orElse fallback: String = "data") -> String {
        Paths.absolute(arguments["data"] ?? environment("KONTOR_DATA") ?? fallback)
    }

    /// Where `Rules`, `Plugins` and `Web` are, absolute.
    /// - Throws: `UsageError` when there is no such folder.
    func home() throws -> String {
        if let given = arguments["home"] ?? environment("KONTOR_HOME") {
            let path = Paths.absolute(given)
            guard Paths.isFolder(path + "/Web") else { throw UsageError("\(path) holds no Rules, Plugins and Web") }
            return path
        }
        var folder = Paths.executableFolder
        while folder.count > 1 {
            if Paths.isFolder(folder + "/Web"), Paths.isFolder(folder + "/Plugins") { return folder }
            folder = Paths.parent(folder)
        }
        throw UsageError("Rules, Plugins and Web are not beside the program: name their folder with --home")
    }
}

func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
}

enum Paths {
    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return path == "." ? String(cString: here) : String(cString: here) + "/" + path
    }

    static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func isFolder(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }

    /// The program's own file, with links resolved.
    static let executable: String = {
        guard let path = realpath("/proc/self/exe", nil) else { return CommandLine.arguments[0] }
        defer { free(path) }
        return String(cString: path)
    }()

    static var executableFolder: String { parent(executable) }
}
