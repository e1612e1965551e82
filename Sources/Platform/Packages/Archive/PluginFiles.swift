import Core
import Glibc

/// The files of a plugin by their path in its folder, and what they may be, wherever they come from.
package enum PluginFiles {
    /// All files together.
    package static let mostBytes = 8 << 20
    package static let mostFileBytes = 256 << 10
    package static let mostFiles = 1_000
    private static let deepest = 6
    /// What makes an archive rather than a plugin: the archive's own files lie beside the plugin's.
    static let folder = "plugin/"

    /// - Throws: 422 `plugin.file_invalid` for a path that leaves the folder, is hidden, too long or not plain; 413
    ///   `plugin.too_large`; both name the file.
    package static func check(_ files: [String: [UInt8]]) throws(Problem) {
        guard files.count <= mostFiles else {
            throw Problem(413, "plugin.too_large", "A plugin has at most \(mostFiles) files, this one has \(files.count).")
        }
        var total = 0
        var folded: Set<String> = []
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            try check(path)
            guard folded.insert(path.lowercased()).inserted else {
                throw Problem(422, "plugin.file_invalid", "There are two files called \(path), but for capital letters.", field: path)
            }
            guard bytes.count <= mostFileBytes else {
                throw Problem(
                    413, "plugin.too_large", "\(path) has \(bytes.count) bytes; a file has at most \(mostFileBytes).", field: path)
            }
            total += bytes.count
        }
        guard total <= mostBytes else {
            throw Problem(413, "plugin.too_large", "The files have \(total) bytes together; a plugin has at most \(mostBytes).")
        }
    }

    /// Letters, digits, `.`, `_` and `-`; no part begins with a dot; at most six parts.
    package static func check(_ path: String) throws(Problem) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let fits =
            path.utf8.count <= Tar.longestName - folder.utf8.count && (1...deepest).contains(parts.count)
            && parts.allSatisfy { part in
                !part.isEmpty && !part.hasPrefix(".")
                    && part.utf8.allSatisfy {
                        ($0 >= 97 && $0 <= 122) || ($0 >= 65 && $0 <= 90) || ($0 >= 48 && $0 <= 57) || $0 == 45 || $0 == 95 || $0 == 46
                    }
            }
        guard fits else {
            throw Problem(
                422, "plugin.file_invalid",
                "“\(path.prefix(200))” is no path for a plugin's file: use letters, digits, dots, hyphens and underscores, at most "
                    + "\(deepest) parts and \(Tar.longestName - folder.utf8.count) characters, none beginning with a dot.",
                field: String(path.prefix(200)))
        }
    }

    /// Reads a folder: all plain files but hidden ones.
    /// - Throws: 404 `plugin.no_folder`; 422 `plugin.file_invalid` for links and devices; as `check`; `FileError`.
    package static func read(folder: String) throws -> [String: [UInt8]] {
        guard Files.isDirectory(folder) else { throw Problem(404, "plugin.no_folder", "There is no folder \(folder).") }
        var files: [String: [UInt8]] = [:]
        func walk(_ inner: String) throws {
            for name in try Files.list(inner.isEmpty ? folder : "\(folder)/\(inner)") where !name.hasPrefix(".") {
                let path = inner.isEmpty ? name : "\(inner)/\(name)"
                var status = stat()
                guard lstat("\(folder)/\(path)", &status) == 0 else { throw FileError("stat", "\(folder)/\(path)", errno: errno) }
                switch status.st_mode & S_IFMT {
                case S_IFDIR: try walk(path)
                case S_IFREG:
                    try check(path)
                    guard status.st_size <= mostFileBytes else {
                        throw Problem(
                            413, "plugin.too_large", "\(path) has \(status.st_size) bytes; a file has at most \(mostFileBytes).",
                            field: path)
                    }
                    files[path] = try Files.read("\(folder)/\(path)", limit: mostFileBytes)
                    guard files.count <= mostFiles else {
                        throw Problem(413, "plugin.too_large", "A plugin has at most \(mostFiles) files.")
                    }
                default:
                    throw Problem(422, "plugin.file_invalid", "\(path) is a link or a device; a plugin consists of plain files.", field: path)
                }
            }
        }
        try walk("")
        try check(files)
        return files
    }
}
