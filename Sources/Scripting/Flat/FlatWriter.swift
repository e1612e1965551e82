import CBridge
import Core

/// Appends flat values to a buffer of the bridge. Writing never throws: beyond the buffer's limit it stops and the run
/// that the bytes were for ends with a verdict. Valid only inside the closure or call that got it.
package struct FlatWriter {
    private let buffer: UnsafeMutablePointer<kl_buffer>

    init(_ buffer: UnsafeMutablePointer<kl_buffer>) {
        self.buffer = buffer
    }

    package var count: Int { buffer.pointee.count }
    package var isOverflowed: Bool { buffer.pointee.overflowed }

    /// A copy of what was written since `count` was `start`.
    package func bytes(from start: Int) -> [UInt8] {
        Array(UnsafeBufferPointer(start: buffer.pointee.bytes, count: count)[start...])
    }

    // MARK: Scalars

    package mutating func null() { put(.null) }

    package mutating func bool(_ value: Bool) { put(value ? .true : .false) }

    package mutating func int(_ value: Int64) {
        guard let at = room(9) else { return }
        at.storeBytes(of: FlatTag.int.rawValue, as: UInt8.self)
        (at + 1).storeBytes(of: value.littleEndian, as: Int64.self)
    }

    package mutating func int(_ value: Int) { int(Int64(value)) }

    /// Not a number and infinities cannot cross; they become nil.
    package mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        guard let at = room(9) else { return }
        at.storeBytes(of: FlatTag.double.rawValue, as: UInt8.self)
        (at + 1).storeBytes(of: value.bitPattern.littleEndian, as: UInt64.self)
    }

    package mutating func string(_ text: String) {
        text.withBytes { string(utf8: $0) }
    }

    /// Bytes that are known to be UTF-8.
    package mutating func string(utf8: UnsafeRawBufferPointer) {
        guard let at = room(5 + utf8.count) else { return }
        at.storeBytes(of: FlatTag.string.rawValue, as: UInt8.self)
        text(utf8, to: at + 1)
    }

    package mutating func string(_ text: StaticString) {
        string(utf8: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func decimal(_ value: Decimal) {
        guard let at = room(10) else { return }
        at.storeBytes(of: FlatTag.decimal.rawValue, as: UInt8.self)
        (at + 1).storeBytes(of: value.coefficient.littleEndian, as: Int64.self)
        (at + 9).storeBytes(of: UInt8(truncatingIfNeeded: value.scale), as: UInt8.self)
    }

    package mutating func money(_ value: Money) {
        let length = value.currency.codeLength
        guard let at = room(11 + length) else { return }
        at.storeBytes(of: FlatTag.money.rawValue, as: UInt8.self)
        (at + 1).storeBytes(of: value.minor.littleEndian, as: Int64.self)
        (at + 9).storeBytes(of: UInt8(truncatingIfNeeded: value.currency.exponent), as: UInt8.self)
        (at + 10).storeBytes(of: UInt8(truncatingIfNeeded: length), as: UInt8.self)
        value.currency.writeCode(to: UnsafeMutableRawBufferPointer(start: at + 11, count: length))
    }

    // MARK: Optional values

    package mutating func int(_ value: Int64?) { if let value { int(value) } else { null() } }
    package mutating func string(_ text: String?) { if let text { string(text) } else { null() } }
    package mutating func decimal(_ value: Decimal?) { if let value { decimal(value) } else { null() } }
    package mutating func money(_ value: Money?) { if let value { money(value) } else { null() } }

    // MARK: Containers

    /// A list; exactly `count` values must follow.
    package mutating func beginArray(_ count: Int) { header(.array, count) }

    /// A table with named fields; exactly `count` pairs of `key` and value must follow.
    package mutating func beginMap(_ count: Int) { header(.map, count) }

    // A literal is a StaticString, which costs no reference counting.
    @_disfavoredOverload
    package mutating func key(_ name: String) {
        name.withBytes { key(utf8: $0) }
    }

    package mutating func key(_ name: StaticString) {
        key(utf8: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    package mutating func key(utf8: UnsafeRawBufferPointer) {
        guard let at = room(4 + utf8.count) else { return }
        text(utf8, to: at)
    }

    /// The place of a count that is not known yet.
    package struct Mark {
        fileprivate let offset: Int
    }

    /// A list or map whose count is told by `close`.
    package mutating func openArray() -> Mark { header(.array, 0); return Mark(offset: count - 4) }
    package mutating func openMap() -> Mark { header(.map, 0); return Mark(offset: count - 4) }

    package mutating func close(_ mark: Mark, count: Int) {
        guard !buffer.pointee.overflowed, let bytes = buffer.pointee.bytes else { return }
        UnsafeMutableRawPointer(bytes + mark.offset).storeBytes(of: UInt32(count).littleEndian, as: UInt32.self)
    }

    /// One value, or several, that are flat already.
    package mutating func raw(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0, let source = bytes.baseAddress, let at = room(bytes.count) else { return }
        at.copyMemory(from: source, byteCount: bytes.count)
    }

    // MARK: Trees

    package mutating func write(_ value: Value) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .int(let number): int(number)
        case .double(let number): double(number)
        case .string(let text): string(text)
        case .decimal(let number): decimal(number)
        case .money(let amount): money(amount)
        case .array(let items):
            beginArray(items.count)
            for item in items { write(item) }
        case .object(let object): write(object)
        }
    }

    package mutating func write(_ object: Object) {
        beginMap(object.count)
        for (name, member) in object {
            key(name)
            write(member)
        }
    }

    // MARK: Bytes

    private func put(_ tag: FlatTag) {
        room(1)?.storeBytes(of: tag.rawValue, as: UInt8.self)
    }

    private func header(_ tag: FlatTag, _ count: Int) {
        guard let at = room(5) else { return }
        at.storeBytes(of: tag.rawValue, as: UInt8.self)
        (at + 1).storeBytes(of: UInt32(count).littleEndian, as: UInt32.self)
    }

    private func text(_ utf8: UnsafeRawBufferPointer, to at: UnsafeMutableRawPointer) {
        at.storeBytes(of: UInt32(truncatingIfNeeded: utf8.count).littleEndian, as: UInt32.self)
        if let source = utf8.baseAddress { (at + 4).copyMemory(from: source, byteCount: utf8.count) }
    }

    /// So many bytes at the end, counted already; nil beyond the limit.
    @inline(__always)
    private func room(_ size: Int) -> UnsafeMutableRawPointer? {
        let start = buffer.pointee.count
        if start + size > buffer.pointee.capacity || buffer.pointee.overflowed {
            guard kl_buffer_grow(buffer, size) else { return nil }
        }
        buffer.pointee.count = start + size
        return UnsafeMutableRawPointer(buffer.pointee.bytes + start)
    }
}

/// Flat values in memory of their own: to keep a value between runs, and for tests.
package enum Flat {
    /// What `body` writes, at most 16 MiB; nil beyond that.
    package static func bytes(_ body: (inout FlatWriter) throws -> Void) rethrows -> [UInt8]? {
        var buffer = kl_buffer()
        buffer.limit = 16 << 20
        defer { kl_buffer_free(&buffer) }
        return try withUnsafeMutablePointer(to: &buffer) { pointer in
            var writer = FlatWriter(pointer)
            try body(&writer)
            guard !pointer.pointee.overflowed else { return nil }
            return [UInt8](UnsafeRawBufferPointer(start: pointer.pointee.bytes, count: pointer.pointee.count))
        }
    }
}
