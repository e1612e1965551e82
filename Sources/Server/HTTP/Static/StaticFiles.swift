import CBridge
import Core
import Glibc

/// The files of a folder, read once and served from memory, plain and compressed.
///
/// Every file is at `/w/<digest>/<path>`, for ever: the digest is that of the whole folder, so a page never mixes old
/// modules with new ones. Pages (`.html`), web manifests and service workers are also at their plain path, to be asked for
/// each time, with `{digest}` filled in; `index.html` stands for its folder.
package final class StaticFiles: Sendable {
    /// 16 hex digits.
    package let digest: String
    private let files: [String: StaticFile]

    /// The largest folder taken, in bytes.
    static let limit = 64 << 20

    /// - Parameters:
    ///   - folder: hidden files and Markdown in it are left out; symbolic links are followed.
    ///   - extra: files from elsewhere, by the path at which they are served, such as `/vendor/d3/5.16.0/d3.min.js`. Their
    ///     path is expected to change with their content.
    /// - Throws: `FileError`, or `StaticFilesError` when it is larger than 64 MiB.
    package init(folder: String, extra: [(path: String, file: String)] = []) throws {
        var found: [(path: String, bytes: [UInt8])] = []
        var total = 0
        func read(_ file: String, as path: String) throws {
            let bytes = try Files.read(file)
            total += bytes.count
            guard total <= StaticFiles.limit else { throw StaticFilesError.tooLarge(folder: folder) }
            found.append((path, bytes))
        }
        func walk(_ inside: String) throws {
            for name in try Files.list(folder + "/" + inside).sorted() where !name.hasPrefix(".") {
                let path = inside.isEmpty ? name : inside + "/" + name
                if Files.isDirectory(folder + "/" + path) { try walk(path) }
                else if !name.hasSuffix(".md") { try read(folder + "/" + path, as: path) }
            }
        }
        try walk("")
        var hash = SHA256()
        for (path, bytes) in found {
            hash.update("\(path)\n\(bytes.count)\n")
            hash.update(bytes)
        }
        digest = Digest.hex(hash.finalize().prefix(8))

        var files: [String: StaticFile] = [:]
        for (path, bytes) in found {
            let filled = StaticFile.isText(path) ? StaticFiles.fill(bytes, digest) : bytes
            files["/w/\(digest)/\(path)"] = try StaticFile(path, filled, isFixed: true)
            guard StaticFile.isEntry(path) else { continue }
            let entry = try StaticFile(path, filled, isFixed: false)
            files["/" + path] = entry
            guard path == "index.html" || path.hasSuffix("/index.html") else { continue }
            let place = String(path.dropLast("index.html".count))
            files["/" + place] = entry
            if !place.isEmpty { files["/" + place.dropLast()] = try StaticFile(redirectTo: "/" + place) }
        }
        for (path, file) in extra { files[path] = try StaticFile(path, try Files.read(file), isFixed: true) }
        self.files = files
    }

    /// The answer to a GET or HEAD request; nil when there is no such file.
    /// - Parameter path: another path than the one asked for, to serve a start page for many.
    package func response(to request: HTTPRequest, path: String? = nil) -> HTTPResponse? {
        files[path ?? request.path]?.response(
            accepted: request.header("accept-encoding"), known: request.header("if-none-match"))
    }

    package var paths: [String] { files.keys.sorted() }

    private static func fill(_ bytes: [UInt8], _ digest: String) -> [UInt8] {
        let mark = Array("{digest}".utf8)
        guard bytes.count >= mark.count else { return bytes }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 64)
        var index = 0
        while index < bytes.count {
            if bytes[index] == mark[0], bytes[index...].starts(with: mark) {
                out += digest.utf8
                index += mark.count
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return out
    }
}

package enum StaticFilesError: Error, Sendable, Equatable, CustomStringConvertible {
    case tooLarge(folder: String)
    case noMemory

    package var description: String {
        switch self {
        case .tooLarge(let folder): "\(folder) holds more than \(StaticFiles.limit >> 20) MiB of files to serve"
        case .noMemory: "no memory for the files to serve"
        }
    }
}
