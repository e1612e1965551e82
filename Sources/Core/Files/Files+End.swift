import Glibc

extension Files {
    /// The last bytes of a file, at most `count`: of one that grows, as it was when it was opened.
    package static func end(of path: String, bytes count: Int) throws(FileError) -> [UInt8] {
        let file = path.utf8.contains(0) ? -1 : Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw FileError("open", path, errno: path.utf8.contains(0) ? EINVAL : errno) }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        guard size >= 0 else { throw FileError("seek", path, errno: errno) }
        var start = max(0, size - count)
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while start < size {
            let wanted = min(block.count, size - start)
            let got = pread(file, &block, wanted, start)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw FileError("read", path, errno: errno) }
            if got == 0 { break }
            bytes += block[..<got]
            start += got
        }
        return bytes
    }
}
