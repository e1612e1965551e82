import CBridge

/// What a bare script can reach, without any host function or prelude.
package enum Sandbox {
    /// One line per value, sorted: `_G.string.format function ours`.
    package static func reachable() -> String {
        var buffer = kl_buffer()
        buffer.limit = 1 << 20
        defer { kl_buffer_free(&buffer) }
        guard kl_reachable(&buffer) else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: buffer.bytes, count: buffer.count), as: UTF8.self)
    }

    /// Whether that is exactly the white list that was compiled in, and the process is in the C locale. Check it once when
    /// the process starts, on a thread that may run scripts; serve nothing if it is false. Takes a tenth of a millisecond.
    package static var isIntact: Bool { kl_self_check() }

    /// Bytes of loaded programs that this thread keeps, how many there are, and the largest.
    package static var images: (bytes: Int, count: Int, largest: Int) {
        var bytes = 0, count = 0, largest = 0
        kl_image_statistics(&bytes, &count, &largest)
        return (bytes, count, largest)
    }

    /// Makes this thread load its programs anew.
    package static func forgetImages() { kl_drop_images() }
}
