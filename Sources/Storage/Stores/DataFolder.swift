import Core
import Glibc

/// The folder that one process owns, by a lock that ends with the process.
///
/// `@unchecked Sendable`: the descriptor does not change.
package final class DataFolder: @unchecked Sendable {
    package let path: String
    private let file: Int32

    /// Makes the folder if it is not there, mode 0700, and takes `lock` in it.
    /// - Throws: `.dataFolderLocked` with the process that has it; `.cannotOpen`.
    package init(claiming path: String) throws(StorageError) {
        self.path = path
        do throws(FileError) {
            try Files.createDirectory(path, mode: 0o700)
        } catch {
            throw .cannotOpen(path: path, reason: error.reason)
        }
        let lock = "\(path)/lock"
        file = Glibc.open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .cannotOpen(path: lock, reason: String(cString: strerror(errno))) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let owner = Self.owner(file)
            Glibc.close(file)
            throw .dataFolderLocked(path: path, process: owner)
        }
        let line = Array("\(getpid())\n".utf8)
        guard ftruncate(file, 0) == 0, pwrite(file, line, line.count, 0) == line.count else {
            let reason = String(cString: strerror(errno))
            Glibc.close(file)
            throw .cannotOpen(path: lock, reason: reason)
        }
    }

    /// Lets another process have it.
    deinit { Glibc.close(file) }

    private static func owner(_ file: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(file, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != 10 }, as: UTF8.self))
    }
}
