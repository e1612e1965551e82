import Glibc

extension Files {
    /// Room on the disk that holds the path, in bytes.
    package struct Space: Sendable, Equatable {
        /// What this user may still write.
        package let free: Int64
        package let total: Int64

        package init(free: Int64, total: Int64) {
            self.free = free
            self.total = total
        }
    }

    package static func space(_ path: String) throws(FileError) -> Space {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw FileError("statvfs", path, errno: errno) }
        func bytes(_ blocks: UInt) -> Int64 {
            Int64(clamping: UInt64(blocks).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
        }
        return Space(free: bytes(status.f_bavail), total: bytes(status.f_blocks))
    }
}
