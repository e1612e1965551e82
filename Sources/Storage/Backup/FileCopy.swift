import Core
import Glibc

/// Copies of whole files that are not in use, with their digests.
enum FileCopy {
    /// SHA-256 in hexadecimal.
    static func digest(_ path: String) throws(FileError) -> String {
        let file = try open(path, O_RDONLY, 0)
        defer { Glibc.close(file) }
        var hash = SHA256()
        try blocks(of: file, path) { block throws(FileError) in hash.update(block) }
        return Hex.encode(hash.finalize())
    }

    /// Copies to a new file, mode 0600, which is on disk on return.
    /// - Returns: SHA-256 of what was copied, in hexadecimal.
    static func copy(_ source: String, to target: String) throws(FileError) -> String {
        let input = try open(source, O_RDONLY, 0)
        defer { Glibc.close(input) }
        let output = try open(target, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        defer { Glibc.close(output) }
        var hash = SHA256()
        try blocks(of: input, source) { block throws(FileError) in
            hash.update(block)
            var rest = block
            while !rest.isEmpty {
                let count = Glibc.write(output, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw FileError("write", target, errno: errno) }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        guard fsync(output) == 0 else { throw FileError("fsync", target, errno: errno) }
        return Hex.encode(hash.finalize())
    }

    /// Brings a file that others wrote to the disk.
    static func sync(_ path: String) throws(FileError) {
        let file = try open(path, O_RDONLY, 0)
        defer { Glibc.close(file) }
        guard fsync(file) == 0 else { throw FileError("fsync", path, errno: errno) }
    }

    private static func open(_ path: String, _ flags: Int32, _ mode: mode_t) throws(FileError) -> Int32 {
        let file = Glibc.open(path, flags | O_CLOEXEC, mode)
        guard file >= 0 else { throw FileError("open", path, errno: errno) }
        return file
    }

    private static func blocks(
        of file: Int32, _ path: String, _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        let size = 1 << 18
        let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        defer { block.deallocate() }
        while true {
            let count = Glibc.read(file, block, size)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("read", path, errno: errno) }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(start: block, count: count))
        }
    }
}
