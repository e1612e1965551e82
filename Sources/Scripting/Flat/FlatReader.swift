import CBridge
import Core

/// A cursor over flat values that lie one after the other in memory that someone else owns.
///
/// Reading past the last value reads nil, as a call with fewer arguments does in Lua. Valid only as long as the bytes are:
/// inside the closure or call that got it.
package struct FlatReader {
    private var at: UnsafeRawPointer
    private let end: UnsafeRawPointer

    package init(_ bytes: UnsafeRawBufferPointer) {
        // An empty buffer may have no address; any will do, as nothing is read from it.
        at = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 8)!
        end = at + bytes.count
    }

    package var isAtEnd: Bool { at >= end }

    /// What comes next; `.null` at the end.
    package var tag: FlatTag {
        guard at < end else { return .null }
        return FlatTag(rawValue: at.load(as: UInt8.self)) ?? .null
    }

    /// The bytes not yet read.
    package var remainder: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: at, count: end - at) }

    // MARK: Scalars

    package mutating func readBool() throws(FlatError) -> Bool {
        switch tag {
        case .true: at += 1; return true
        case .false: at += 1; return false
        default: throw mismatch("a boolean")
        }
    }

    package mutating func readInt() throws(FlatError) -> Int64 {
        guard at < end, at.load(as: UInt8.self) == FlatTag.int.rawValue else { throw mismatch("an integer") }
        at += 1
        return try number(Int64.self)
    }

    /// A float or an integer.
    package mutating func readDouble() throws(FlatError) -> Double {
        if tag == .int { return Double(try readInt()) }
        guard tag == .double else { throw mismatch("a number") }
        at += 1
        return Double(bitPattern: try number(UInt64.self))
    }

    package mutating func readString() throws(FlatError) -> String {
        String(decoding: try readUTF8(), as: UTF8.self)
    }

    /// The bytes of a text, valid as long as the reader's.
    package mutating func readUTF8() throws(FlatError) -> UnsafeRawBufferPointer {
        guard at < end, at.load(as: UInt8.self) == FlatTag.string.rawValue else { throw mismatch("text") }
        at += 1
        return try bytes(Int(number(UInt32.self)))
    }

    /// A decimal, an integer, or text such as "1.25". Floats are refused.
    package mutating func readDecimal() throws(FlatError) -> Decimal {
        switch tag {
        case .int: return Decimal(try readInt())
        case .string:
            let text = try readString()
            do { return try Decimal(text) } catch { throw .outOfRange(error.problem.detail) }
        case .decimal:
            at += 1
            let coefficient = try number(Int64.self)
            let scale = Int(try number(UInt8.self))
            do { return try Decimal(coefficient: coefficient, scale: scale) } catch { throw .malformed }
        default: throw mismatch("a decimal")
        }
    }

    package mutating func readMoney() throws(FlatError) -> Money {
        guard tag == .money else { throw mismatch("money") }
        at += 1
        let minor = try number(Int64.self)
        let exponent = Int(try number(UInt8.self))
        let code = try bytes(Int(number(UInt8.self)))
        guard let currency = Currency(utf8: code, exponent: exponent) else { throw .malformed }
        return Money(minor: minor, currency)
    }

    /// The line that a function is defined in; only `describe` yields functions.
    package mutating func readFunction() throws(FlatError) -> Int {
        guard tag == .function else { throw mismatch("a function") }
        at += 1
        return Int(try number(UInt32.self))
    }

    // MARK: Optional values

    /// True, with nil behind it, when nil comes next or nothing does.
    package mutating func readNull() -> Bool {
        guard at < end else { return true }
        guard tag == .null else { return false }
        at += 1
        return true
    }

    package mutating func optionalBool() throws(FlatError) -> Bool? { readNull() ? nil : try readBool() }
    package mutating func optionalInt() throws(FlatError) -> Int64? { readNull() ? nil : try readInt() }
    package mutating func optionalString() throws(FlatError) -> String? { readNull() ? nil : try readString() }
    package mutating func optionalDecimal() throws(FlatError) -> Decimal? { readNull() ? nil : try readDecimal() }
    package mutating func optionalMoney() throws(FlatError) -> Money? { readNull() ? nil : try readMoney() }

    // MARK: Containers

    /// How many values of a list follow. An empty table counts as an empty list.
    package mutating func readArrayHeader() throws(FlatError) -> Int {
        try header(.array, "a list")
    }

    /// How many pairs of key and value follow. An empty table counts as one without fields.
    package mutating func readMapHeader() throws(FlatError) -> Int {
        try header(.map, "a table with named fields")
    }

    /// A key inside a map; its value comes next.
    package mutating func readKey() throws(FlatError) -> FlatKey {
        FlatKey(bytes: try bytes(Int(number(UInt32.self))))
    }

    /// Calls `body` for each field; it must read the value or leave it alone, then it is skipped.
    package mutating func readMap(_ body: (FlatKey, inout FlatReader) throws -> Void) throws {
        for _ in 0..<(try readMapHeader()) {
            let key = try readKey()
            let before = at
            try body(key, &self)
            if at == before { try skip() }
        }
    }

    /// Calls `body` for each element, which it must read.
    package mutating func readArray(_ body: (inout FlatReader) throws -> Void) throws {
        for _ in 0..<(try readArrayHeader()) { try body(&self) }
    }

    /// Passes over one value.
    package mutating func skip() throws(FlatError) {
        guard at < end else { return }
        switch tag {
        case .null, .false, .true, .empty: at += 1
        case .int, .double: _ = try advance(9)
        case .function: _ = try advance(5)
        case .decimal: _ = try advance(10)
        case .string: _ = try readUTF8()
        case .money:
            _ = try advance(10)
            _ = try bytes(Int(number(UInt8.self)))
        case .array: for _ in 0..<(try readArrayHeader()) { try skip() }
        case .map:
            for _ in 0..<(try readMapHeader()) {
                _ = try readKey()
                try skip()
            }
        }
    }

    /// The bytes of one whole value, which is passed over: to keep, or to hand on as it is.
    package mutating func readRaw() throws(FlatError) -> UnsafeRawBufferPointer {
        let start = at
        try skip()
        return UnsafeRawBufferPointer(start: start, count: at - start)
    }

    // MARK: Bytes

    private mutating func header(_ kind: FlatTag, _ name: String) throws(FlatError) -> Int {
        let found = tag
        if found == .empty {
            at += 1
            return 0
        }
        guard found == kind, at < end else { throw mismatch(name) }
        at += 1
        let count = Int(try number(UInt32.self))
        guard count <= end - at else { throw .malformed }
        return count
    }

    @inline(__always)
    private mutating func number<N: FixedWidthInteger & BitwiseCopyable>(_ type: N.Type) throws(FlatError) -> N {
        guard end - at >= MemoryLayout<N>.size else { throw .malformed }
        let value = at.loadUnaligned(as: N.self)
        at += MemoryLayout<N>.size
        return N(littleEndian: value)
    }

    private mutating func bytes(_ count: Int) throws(FlatError) -> UnsafeRawBufferPointer {
        let start = try advance(count)
        return UnsafeRawBufferPointer(start: start, count: count)
    }

    private mutating func advance(_ count: Int) throws(FlatError) -> UnsafeRawPointer {
        guard end - at >= count else { throw .malformed }
        defer { at += count }
        return at
    }

    private func mismatch(_ expected: String) -> FlatError { .mismatch(expected: expected, found: tag) }
}

/// A field's name in place, to compare without making a String: `switch key { case "sku": … }`.
package struct FlatKey {
    package let bytes: UnsafeRawBufferPointer

    package init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    package var string: String { String(decoding: bytes, as: UTF8.self) }

    package static func == (key: FlatKey, name: StaticString) -> Bool {
        let length = name.utf8CodeUnitCount
        guard key.bytes.count == length else { return false }
        for index in 0..<length where key.bytes[index] != name.utf8Start[index] { return false }
        return true
    }

    package static func ~= (name: StaticString, key: FlatKey) -> Bool { key == name }
}
