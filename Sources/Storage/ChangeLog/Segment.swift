import CBridge
import Core
import Glibc

/// One file of the change log: a header, frames of 16 bytes and a page each, and a sum over all.
struct Segment {
    static let headerSize = 64
    static let frameHeaderSize = 16
    static let trailerSize = 16
    /// One that is larger stays as it is.
    static let largestPacked = 1 << 30
    private static let magic = Array("KNTRLOG1".utf8)

    struct Header {
        var pageSize: Int
        var frames: Int
        /// The log has every commit from here on…
        var from: Instant
        /// …up to here.
        var to: Instant

        /// Bytes of the whole segment.
        var size: Int { Segment.headerSize + frames * (Segment.frameHeaderSize + pageSize) + Segment.trailerSize }

        init(pageSize: Int, frames: Int, from: Instant, to: Instant) {
            self.pageSize = pageSize
            self.frames = frames
            self.from = from
            self.to = to
        }

        init?(_ bytes: [UInt8]) {
            guard bytes.count >= Segment.headerSize, bytes.starts(with: Segment.magic) else { return nil }
            func number(_ place: Int) -> Int64 { bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: Int64.self).littleEndian } }
            guard (512...65_536).contains(number(8)), (0...Int64(1) << 40).contains(number(16)) else { return nil }
            pageSize = Int(number(8))
            frames = Int(number(16))
            from = Instant(milliseconds: number(24))
            to = Instant(milliseconds: number(32))
        }

        var bytes: [UInt8] {
            var bytes = Segment.magic
            for number in [Int64(pageSize), Int64(frames), from.milliseconds, to.milliseconds] {
                withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
            }
            return bytes + [UInt8](repeating: 0, count: Segment.headerSize - bytes.count)
        }
    }

    let header: Header
    private let bytes: [UInt8]

    /// Reads a whole segment.
    /// - Throws: `.unsound` when it is not as it was written.
    init(reading item: ChangeLog.Item) throws {
        // It may have been compressed since it was listed.
        let isPacked = item.kind == .packed || !Files.exists(item.path)
        var bytes = try Files.read(item.kind == .packed || !isPacked ? item.path : item.path + ".gz", limit: 4 << 30)
        if isPacked { bytes = try Self.expand(Array(bytes.dropFirst(Self.headerSize)), item.path) }
        guard let header = Header(bytes), bytes.count == header.size else { throw StorageError.unsound("\(item.path) is not whole") }
        var sums = Sums()
        bytes.withUnsafeBytes { sums.add(UnsafeRawBufferPointer(rebasing: $0[..<($0.count - Self.trailerSize)])) }
        guard Array(bytes.suffix(Self.trailerSize)) == sums.bytes else { throw StorageError.unsound("\(item.path) is not what was written") }
        self.header = header
        self.bytes = bytes
    }

    /// The header alone, which is not checked.
    static func header(of item: ChangeLog.Item) throws -> Header {
        let file = open(item.path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw FileError("open", item.path, errno: errno) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: headerSize)
        guard try WriteAheadLog.fill(&bytes, from: file, at: 0, item.path) == headerSize, let header = Header(bytes) else {
            throw StorageError.unsound("\(item.path) is not whole")
        }
        return header
    }

    struct Frame {
        var page: Int
        /// 0 for a frame that ends no commit.
        var pagesAfterCommit: Int
        /// Of the commit that this frame ends.
        var instant: Instant
    }

    /// In order; `body` returns false to end it.
    func frames(_ body: (Frame, UnsafeRawBufferPointer) throws -> Bool) throws {
        try bytes.withUnsafeBytes { bytes in
            let size = Self.frameHeaderSize + header.pageSize
            for index in 0..<header.frames {
                let start = Self.headerSize + index * size
                let frame = Frame(
                    page: Int(bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self).littleEndian),
                    pagesAfterCommit: Int(bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self).littleEndian),
                    instant: Instant(milliseconds: bytes.loadUnaligned(fromByteOffset: start + 8, as: Int64.self).littleEndian))
                let page = UnsafeRawBufferPointer(rebasing: bytes[start + Self.frameHeaderSize..<start + size])
                guard try body(frame, page) else { return }
            }
        }
    }

    /// Two sums over words of eight bytes, each of which depends on all words before it.
    struct Sums {
        private var first: UInt64 = 1
        private var second: UInt64 = 0

        /// - Parameter bytes: a multiple of eight.
        mutating func add(_ bytes: UnsafeRawBufferPointer) {
            var place = 0
            while place + 8 <= bytes.count {
                first = (first ^ bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self).littleEndian) &* 0x9E37_79B9_7F4A_7C15
                second = (second &+ first) ^ (first >> 29)
                place += 8
            }
        }

        var bytes: [UInt8] { [first, second].flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } } }
    }

    /// The header stands before what is compressed, to be read alone.
    static func compress(_ bytes: [UInt8]) throws(StorageError) -> [UInt8] {
        var out: UnsafeMutablePointer<UInt8>?
        var count = 0
        guard kz_compress(bytes, bytes.count, &out, &count) == KZ_OK, let out else { throw .outOfMemory }
        defer { free(out) }
        return Array(bytes.prefix(headerSize)) + UnsafeBufferPointer(start: out, count: count)
    }

    private static func expand(_ bytes: [UInt8], _ path: String) throws(StorageError) -> [UInt8] {
        var out: UnsafeMutablePointer<UInt8>?
        var count = 0
        switch kz_expand(bytes, bytes.count, largestPacked, &out, &count) {
        case KZ_OK:
            guard let out else { return [] }
            defer { free(out) }
            return Array(UnsafeBufferPointer(start: out, count: count))
        case KZ_NO_MEMORY: throw .outOfMemory
        default: throw .unsound("\(path) is not whole")
        }
    }
}
