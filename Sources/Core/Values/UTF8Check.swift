/// Well-formed UTF-8, checked once for a whole text: then strings are made of it without a second look.
enum UTF8Check {
    /// The index of the first byte of the first ill-formed sequence, nil when there is none.
    ///
    /// Source: the Unicode Standard, table 3-7 (no overlong forms, no surrogates, nothing above U+10FFFF).
    static func firstInvalid(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var at = 0
        while at < bytes.count {
            if at + 8 <= bytes.count, bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
                at += 8
                continue
            }
            guard bytes[at] >= 0x80 else {
                at += 1
                continue
            }
            guard let length = sequenceLength(bytes, at) else { return at }
            at += length
        }
        return nil
    }

    private static func sequenceLength(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int? {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[at] {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard at + length <= bytes.count, second.contains(bytes[at + 1]) else { return nil }
        for index in at + 2..<at + max(length, 2) where !(0x80...0xBF).contains(bytes[index]) { return nil }
        return length
    }
}
