import Glibc

/// What the system said about a file.
package struct FileError: Error, Sendable, Equatable {
    /// What was tried: "open", "rename".
    package let operation: String
    package let path: String
    package let errno: Int32

    package init(_ operation: String, _ path: String, errno: Int32) {
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    package var isNotFound: Bool { errno == ENOENT }
    package var isFull: Bool { errno == ENOSPC || errno == EDQUOT }
    /// "No space left on device".
    package var reason: String { String(cString: strerror(errno)) }
}

extension FileError: ProblemConvertible, CustomStringConvertible {
    /// For operators and logs, with the path.
    package var description: String { "cannot \(operation) \(path): \(reason)" }

    /// For clients, without the path.
    package var problem: Problem {
        isFull
            ? Problem(507, "storage.full", "The disk is full.")
            : Problem(503, "storage.file", "A file could not be used (\(operation): \(reason)).")
    }
}

/// The file system, by POSIX calls; every failure names the operation, the path and the reason.
package enum Files {
    package static func exists(_ path: String) -> Bool { isClean(path) && access(path, F_OK) == 0 }

    package static func isDirectory(_ path: String) -> Bool {
        (try? status(path)).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    }

    /// In bytes.
    package static func size(_ path: String) throws(FileError) -> Int64 { Int64(try status(path).st_size) }

    package static func modified(_ path: String) throws(FileError) -> Instant {
        let time = try status(path).st_mtim
        return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// The permission bits.
    package static func mode(_ path: String) throws(FileError) -> mode_t { try status(path).st_mode & 0o7777 }

    package static func setMode(_ path: String, _ mode: mode_t) throws(FileError) {
        try check("chmod", path) { chmod(path, mode) }
    }

    /// The whole file, which must not be larger than `limit` bytes.
    package static func read(_ path: String, limit: Int = 1 << 30) throws(FileError) -> [UInt8] {
        let file = try open(path, O_RDONLY | O_CLOEXEC, 0)
        defer { close(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = retrying { Glibc.read(file, &block, block.count) }
            if count < 0 { throw FileError("read", path, errno: errno) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: block[..<count])
            if bytes.count > limit { throw FileError("read", path, errno: EFBIG) }
        }
    }

    /// The whole file as text; throws `EILSEQ` when it is not UTF-8.
    package static func text(_ path: String, limit: Int = 1 << 30) throws(FileError) -> String {
        guard let text = String(validating: try read(path, limit: limit), as: UTF8.self) else {
            throw FileError("read", path, errno: EILSEQ)
        }
        return text
    }

    /// Readers see the old file or the whole new one, also after a power cut: temporary file beside it,
    /// fsync, rename, fsync of the folder.
    package static func writeAtomically(
        _ path: String, _ bytes: [UInt8], mode: mode_t = 0o644
    ) throws(FileError) {
        let temporary = "\(path).\(Random.reference()).tmp"
        let file = try open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        do throws(FileError) {
            defer { close(file) }
            try check("chmod", temporary) { fchmod(file, mode) }
            try write(bytes, to: file, temporary)
            try check("fsync", temporary) { fsync(file) }
        } catch {
            unlink(temporary)
            throw error
        }
        do throws(FileError) { try rename(temporary, to: path) } catch {
            unlink(temporary)
            throw error
        }
    }

    package static func writeAtomically(
        _ path: String, _ text: String, mode: mode_t = 0o644
    ) throws(FileError) {
        try writeAtomically(path, Array(text.utf8), mode: mode)
    }

    /// Adds at the end, creating the file when it is not there; on disk on return when `sync`.
    package static func append(
        _ path: String, _ bytes: [UInt8], mode: mode_t = 0o644, sync: Bool = false
    ) throws(FileError) {
        let isNew = !exists(path)
        let file = try open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode)
        defer { close(file) }
        try write(bytes, to: file, path)
        guard sync else { return }
        try check("fsync", path) { fsync(file) }
        if isNew { try syncDirectory(parent(path)) }
    }

    /// Creates it and what is missing above it, durably: what is flushed in it later is found after a power cut. One that is
    /// there already is left as it is.
    package static func createDirectory(_ path: String, mode: mode_t = 0o755) throws(FileError) {
        guard isClean(path) else { throw FileError("mkdir", path, errno: EINVAL) }
        if mkdir(path, mode) != 0 {
            switch errno {
            case EEXIST where isDirectory(path): return
            case ENOENT where parent(path) != path:
                try createDirectory(parent(path), mode: mode)
                try check("mkdir", path) { mkdir(path, mode) == 0 || isDirectory(path) ? 0 : -1 }
            case let code: throw FileError("mkdir", path, errno: code)
            }
        }
        try syncDirectory(parent(path))
    }

    /// Names in the folder, sorted bytewise, without "." and "..".
    package static func list(_ path: String) throws(FileError) -> [String] {
        guard isClean(path), let folder = opendir(path) else {
            throw FileError("list", path, errno: isClean(path) ? errno : EINVAL)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package static func copy(_ source: String, to target: String, mode: mode_t = 0o644) throws(FileError) {
        try writeAtomically(target, try read(source, limit: .max), mode: mode)
    }

    /// Moves within one file system, replacing what is there; durable on return.
    package static func rename(_ source: String, to target: String) throws(FileError) {
        guard isClean(source), isClean(target) else { throw FileError("rename", source, errno: EINVAL) }
        try check("rename", source) { Glibc.rename(source, target) }
        try syncDirectory(parent(target))
    }

    /// A second name for a file on the same file system, which must not be taken; durable with the next change of the folder
    /// that is.
    package static func link(_ source: String, to target: String) throws(FileError) {
        guard isClean(source), isClean(target) else { throw FileError("link", source, errno: EINVAL) }
        try check("link", target) { Glibc.link(source, target) }
    }

    /// Removes a file; it is no error when there is none.
    package static func remove(_ path: String) throws(FileError) {
        guard isClean(path) else { throw FileError("remove", path, errno: EINVAL) }
        if unlink(path) != 0, errno != ENOENT { throw FileError("remove", path, errno: errno) }
    }

    /// Removes a folder and all in it, without following links; it is no error when there is none.
    package static func removeTree(_ path: String) throws(FileError) {
        var status = stat()
        guard isClean(path) else { throw FileError("remove", path, errno: EINVAL) }
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw FileError("remove", path, errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try remove(path) }
        for name in try list(path) { try removeTree("\(path)/\(name)") }
        try check("remove", path) { rmdir(path) }
    }

    /// Makes names created, renamed or removed in the folder durable.
    package static func syncDirectory(_ path: String) throws(FileError) {
        let folder = try open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        defer { close(folder) }
        try check("fsync", path) { fsync(folder) }
    }

    /// What an unprivileged process may still write on that file system, in bytes.
    package static func freeBytes(_ path: String) throws(FileError) -> Int64 {
        var status = statvfs()
        try check("statvfs", path) { statvfs(path, &status) }
        return Int64(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    /// A new empty folder of mode 0700 under `$TMPDIR` or `/tmp`.
    package static func temporaryDirectory(_ prefix: String = "kontor") throws(FileError) -> String {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let path = "\(base)/\(prefix)-\(Random.reference())"
        try check("mkdir", path) { mkdir(path, 0o700) }
        return path
    }

    /// The folder that holds the path: "." when it names none.
    package static func parent(_ path: String) -> String {
        var trimmed = Substring(path)
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }
}

// MARK: System calls

extension Files {
    private static func isClean(_ path: String) -> Bool { !path.utf8.contains(0) }

    private static func open(_ path: String, _ flags: Int32, _ mode: mode_t) throws(FileError) -> Int32 {
        guard isClean(path) else { throw FileError("open", path, errno: EINVAL) }
        let file = retrying { Int(Glibc.open(path, flags, mode)) }
        guard file >= 0 else { throw FileError("open", path, errno: errno) }
        return Int32(file)
    }

    private static func write(_ bytes: [UInt8], to file: Int32, _ path: String) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                retrying { Glibc.write(file, buffer.baseAddress! + written, buffer.count - written) }
            }
            guard count > 0 else { throw FileError("write", path, errno: count == 0 ? ENOSPC : errno) }
            written += count
        }
    }

    private static func status(_ path: String) throws(FileError) -> stat {
        guard isClean(path) else { throw FileError("stat", path, errno: EINVAL) }
        var status = stat()
        try check("stat", path) { stat(path, &status) }
        return status
    }

    private static func check(_ operation: String, _ path: String, _ call: () -> Int32) throws(FileError) {
        if call() != 0 { throw FileError(operation, path, errno: errno) }
    }

    private static func retrying(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}
