import Core

/// The ustar format (POSIX.1-1988), as much of it as an archive of plain files needs.
///
/// Written here, in a page, and not by a library: what reads a file from a stranger should know one format and refuse all
/// else, and what signs it should write the same bytes for the same files. `tar tf` reads it.
package enum Tar {
    private static let block = 512
    /// What a name may have: the header's field, without the prefix that longer ones would need.
    static let longestName = 100

    /// - Parameter files: in the order in which they are to lie in the archive; names of at most 100 bytes.
    package static func write(_ files: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        var archive: [UInt8] = []
        archive.reserveCapacity(files.reduce(2 * block) { $0 + 2 * block + $1.bytes.count })
        for file in files {
            archive += header(file.name, size: file.bytes.count)
            archive += file.bytes
            archive += [UInt8](repeating: 0, count: padding(file.bytes.count))
        }
        return archive + [UInt8](repeating: 0, count: 2 * block)
    }

    /// The files, in order.
    ///
    /// - Parameter most: how many there may be.
    /// - Throws: 422 `plugin.archive_invalid` for all but plain files with plain names: links, folders, devices, longer
    ///   names, extensions, broken checksums, bytes where none belong.
    package static func read(_ archive: [UInt8], most: Int) throws(Problem) -> [(name: String, bytes: [UInt8])] {
        var files: [(name: String, bytes: [UInt8])] = []
        var at = 0
        while true {
            guard at + block <= archive.count else { throw wrong("ends in the middle") }
            let header = archive[at..<(at + block)]
            at += block
            if header.allSatisfy({ $0 == 0 }) { break }
            guard files.count < most else { throw wrong("holds more than \(most) files") }
            let (name, size) = try read(header, at: at)
            guard size <= archive.count - at else { throw wrong("ends in the middle of \(name)") }
            files.append((name, Array(archive[at..<(at + size)])))
            let end = at + size + padding(size)
            guard end <= archive.count, archive[(at + size)..<end].allSatisfy({ $0 == 0 }) else {
                throw wrong("has bytes after the end of \(name)")
            }
            at = end
        }
        guard archive[at...].allSatisfy({ $0 == 0 }) else { throw wrong("has bytes after its end") }
        return files
    }

    private static func read(_ header: ArraySlice<UInt8>, at place: Int) throws(Problem) -> (name: String, size: Int) {
        func field(_ start: Int, _ length: Int) -> ArraySlice<UInt8> {
            header[(header.startIndex + start)..<(header.startIndex + start + length)]
        }
        func text(_ start: Int, _ length: Int) -> String? {
            let bytes = field(start, length)
            let end = bytes.firstIndex(of: 0) ?? bytes.endIndex
            guard bytes[end...].allSatisfy({ $0 == 0 }) else { return nil }
            return String(validating: bytes[..<end], as: UTF8.self)
        }
        func octal(_ start: Int, _ length: Int) -> Int? {
            let digits = field(start, length).prefix { $0 != 0 && $0 != 0x20 }
            guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
            return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
        }
        guard field(257, 6).elementsEqual("ustar\0".utf8) else { throw wrong("is not in ustar format") }
        let sum = header.reduce(0) { $0 + Int($1) } - field(148, 8).reduce(0) { $0 + Int($1) } + 8 * 0x20
        guard octal(148, 8) == sum else { throw wrong("has a header with a wrong checksum") }
        guard let name = text(0, 100), !name.isEmpty, field(345, 155).allSatisfy({ $0 == 0 }) else {
            throw wrong("has a file with a name that is too long or not UTF-8")
        }
        let kind = field(156, 1).first ?? 0
        guard kind == UInt8(ascii: "0") || kind == 0 else {
            throw wrong("holds \(name), which is no plain file: links, folders and devices are refused")
        }
        guard let size = octal(124, 12) else { throw wrong("tells no size for \(name)") }
        return (name, size)
    }

    private static func header(_ name: String, size: Int) -> [UInt8] {
        precondition(name.utf8.count <= longestName, "a name of at most \(longestName) bytes")
        var header = [UInt8](repeating: 0, count: block)
        func put(_ text: some Sequence<UInt8>, at start: Int) {
            for (offset, byte) in text.enumerated() { header[start + offset] = byte }
        }
        func octal(_ number: Int, digits: Int) -> [UInt8] {
            let text = Array(String(number, radix: 8).utf8)
            return [UInt8](repeating: UInt8(ascii: "0"), count: max(0, digits - text.count)) + text
        }
        put(name.utf8, at: 0)
        put(octal(0o644, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        // No time: the same files make the same archive.
        put(octal(0, digits: 11), at: 136)
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        put([UInt8(ascii: "0")], at: 156)
        put("ustar\u{0}00".utf8, at: 257)
        put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6) + [0], at: 148)
        return header
    }

    private static func padding(_ size: Int) -> Int { (block - size % block) % block }

    private static func wrong(_ what: String) -> Problem {
        Problem(422, "plugin.archive_invalid", "The archive \(what).")
    }
}
