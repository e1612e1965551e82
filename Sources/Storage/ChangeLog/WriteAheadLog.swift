import Core
import Glibc

/// SQLite's write-ahead log as a file: its header and frames, read from beside.
///
/// Source: "The WAL Format", section 4 of SQLite's file format.
struct WriteAheadLog {
    static let headerSize = 32
    static let frameHeaderSize = 24

    /// What tells one filling of the log from the next.
    struct Salts: Equatable, Sendable {
        var first: UInt32 = 0
        var second: UInt32 = 0
    }

    let pageSize: Int
    let salts: Salts
    private let isBigEndian: Bool
    private let checksum: (UInt32, UInt32)
    private let file: Int32
    private let path: String

    /// - Parameter file: open for reading; stays the caller's.
    /// - Returns: nil while the log holds no header.
    init?(_ file: Int32, _ path: String) throws(FileError) {
        self.file = file
        self.path = path
        var header = [UInt8](repeating: 0, count: Self.headerSize)
        guard try Self.fill(&header, from: file, at: 0, path) == Self.headerSize else { return nil }
        func word(_ place: Int) -> UInt32 { Self.big(header, place) }
        guard word(0) & 0xFFFF_FFFE == 0x377F_0682 else { return nil }
        isBigEndian = word(0) & 1 == 1
        let size = Int(word(8))
        guard size >= 512, size <= 65_536, size & (size - 1) == 0 else { return nil }
        pageSize = size
        salts = Salts(first: word(16), second: word(20))
        checksum = (word(24), word(28))
    }

    /// The salts alone, for one who knows the rest: nil while there is no header.
    static func salts(_ file: Int32, _ path: String) throws(FileError) -> Salts? {
        var bytes = [UInt8](repeating: 0, count: 8)
        guard try fill(&bytes, from: file, at: 16, path) == 8 else { return nil }
        return Salts(first: big(bytes, 0), second: big(bytes, 4))
    }

    struct Frame {
        var page: UInt32
        /// The database's size in pages after the commit that this frame ends; 0 for a frame that ends none.
        var pagesAfterCommit: UInt32
    }

    private var frameSize: Int { Self.frameHeaderSize + pageSize }

    /// Hands out the frames from `first` (0 is the first of the log) before `end`, in order.
    /// - Throws: `EILSEQ` for a frame that is not of this filling; what `body` throws.
    func frames(from first: Int, to end: Int, _ body: (Frame, UnsafeRawBufferPointer) throws -> Void) throws {
        let most = max(1, (1 << 20) / frameSize)
        var buffer = [UInt8](repeating: 0, count: most * frameSize)
        var index = first
        while index < end {
            let count = min(most, end - index)
            let offset = Self.headerSize + index * frameSize
            let read = try Self.fill(&buffer, from: file, at: offset, path, most: count * frameSize)
            guard read == count * frameSize else { throw FileError("read", path, errno: EILSEQ) }
            try buffer.withUnsafeBytes { bytes in
                for place in 0..<count {
                    let frame = UnsafeRawBufferPointer(rebasing: bytes[place * frameSize..<(place + 1) * frameSize])
                    guard Self.big(frame, 8) == salts.first, Self.big(frame, 12) == salts.second else {
                        throw FileError("read", path, errno: EILSEQ)
                    }
                    try body(
                        Frame(page: Self.big(frame, 0), pagesAfterCommit: Self.big(frame, 4)),
                        UnsafeRawBufferPointer(rebasing: frame[Self.frameHeaderSize...]))
                }
            }
            index += count
        }
    }

    /// How many frames SQLite would take for committed: up to the last commit before the first frame that is not whole.
    func committedFrames() throws(FileError) -> Int {
        var sums = checksum
        var committed = 0
        var index = 0
        var buffer = [UInt8](repeating: 0, count: frameSize)
        while try Self.fill(&buffer, from: file, at: Self.headerSize + index * frameSize, path) == frameSize {
            let (isWhole, ends) = buffer.withUnsafeBytes { frame -> (Bool, Bool) in
                guard Self.big(frame, 8) == salts.first, Self.big(frame, 12) == salts.second else { return (false, false) }
                add(UnsafeRawBufferPointer(rebasing: frame[0..<8]), to: &sums)
                add(UnsafeRawBufferPointer(rebasing: frame[Self.frameHeaderSize...]), to: &sums)
                guard sums.0 == Self.big(frame, 16), sums.1 == Self.big(frame, 20) else { return (false, false) }
                return (true, Self.big(frame, 4) != 0)
            }
            guard isWhole else { break }
            index += 1
            if ends { committed = index }
        }
        return committed
    }

    private func add(_ bytes: UnsafeRawBufferPointer, to sums: inout (UInt32, UInt32)) {
        var place = 0
        while place < bytes.count {
            let first = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
            let second = bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
            sums.0 &+= (isBigEndian ? first.bigEndian : first.littleEndian) &+ sums.1
            sums.1 &+= (isBigEndian ? second.bigEndian : second.littleEndian) &+ sums.0
            place += 8
        }
    }

    private static func big(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt32 {
        bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self).bigEndian
    }

    private static func big(_ bytes: [UInt8], _ place: Int) -> UInt32 { bytes.withUnsafeBytes { big($0, place) } }

    /// - Returns: how many bytes there were.
    static func fill(
        _ buffer: inout [UInt8], from file: Int32, at offset: Int, _ path: String, most: Int? = nil
    ) throws(FileError) -> Int {
        let wanted = most ?? buffer.count
        var done = 0
        while done < wanted {
            let count = buffer.withUnsafeMutableBytes { pread(file, $0.baseAddress! + done, wanted - done, off_t(offset + done)) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("read", path, errno: errno) }
            if count == 0 { break }
            done += count
        }
        return done
    }
}
