import CBridge
import Core
import Glibc

/// gzip (RFC 1952) in memory, by zlib.
package enum Gzip {
    /// The same bytes give the same result.
    package static func compress(_ bytes: [UInt8]) throws(Problem) -> [UInt8] {
        var out: UnsafeMutablePointer<UInt8>?
        var count = 0
        guard kz_compress(bytes, bytes.count, &out, &count) == KZ_OK, let out else {
            throw Problem(503, "plugin.compression", "There is not enough memory to compress.")
        }
        defer { free(out) }
        return Array(UnsafeBufferPointer(start: out, count: count))
    }

    /// - Parameter limit: the most bytes that may come out.
    /// - Throws: 413 `plugin.archive_too_large`, 422 `plugin.archive_invalid`.
    package static func expand(_ bytes: [UInt8], limit: Int) throws(Problem) -> [UInt8] {
        var out: UnsafeMutablePointer<UInt8>?
        var count = 0
        switch kz_expand(bytes, bytes.count, limit, &out, &count) {
        case KZ_OK:
            guard let out else { return [] }
            defer { free(out) }
            return Array(UnsafeBufferPointer(start: out, count: count))
        case KZ_TOO_LARGE:
            throw Problem(413, "plugin.archive_too_large", "The archive holds more than \(limit) bytes when it is unpacked.")
        case KZ_NO_MEMORY:
            throw Problem(503, "plugin.compression", "There is not enough memory to unpack the archive.")
        default:
            throw Problem(422, "plugin.archive_invalid", "The archive is not one whole gzip file.")
        }
    }
}
