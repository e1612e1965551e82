import Glibc

/// Names of fields, looked up by the bytes in which they cross: no String is made, and it takes the same few steps however
/// many there are.
///
/// Safe to share: nothing in it changes after `init`.
package final class FieldIndex: @unchecked Sendable {
    private struct Name {
        var mark: UInt64
        var start: Int
        var length: Int
    }

    private let names: UnsafeMutablePointer<Name>
    private let bytes: UnsafeMutablePointer<UInt8>
    /// The place of a name and one more, where its hash says or behind that; 0 ends the search.
    private let slots: UnsafeMutablePointer<UInt16>
    private let shift: UInt64
    private let last: Int
    package let count: Int

    /// - Parameter list: at most 30,000 names; of equal ones the first counts.
    package init(_ list: [[UInt8]]) {
        precondition(list.count <= 30_000, "too many names")
        count = list.count
        var bits = 1
        while 1 << bits < 2 * list.count + 1 { bits += 1 }
        shift = UInt64(64 - bits)
        last = (1 << bits) - 1
        slots = .allocate(capacity: last + 1)
        slots.initialize(repeating: 0, count: last + 1)
        names = .allocate(capacity: max(1, list.count))
        bytes = .allocate(capacity: max(1, list.reduce(0) { $0 + $1.count }))
        var start = 0
        for (place, name) in list.enumerated() {
            name.withUnsafeBytes { raw in
                let mark = Self.mark(raw)
                (names + place).initialize(to: Name(mark: mark, start: start, length: raw.count))
                for (offset, byte) in raw.enumerated() { (bytes + start + offset).initialize(to: byte) }
                start += raw.count
                var slot = hash(mark)
                while slots[slot] != 0 { slot = (slot + 1) & last }
                slots[slot] = UInt16(place + 1)
            }
        }
    }

    package convenience init(_ names: [String]) { self.init(names.map { Array($0.utf8) }) }

    deinit {
        names.deallocate()
        bytes.deallocate()
        slots.deallocate()
    }

    /// The place of the name in the list; nil when it is not in it.
    package func place(of key: FlatKey) -> Int? {
        let mark = Self.mark(key.bytes)
        var slot = hash(mark)
        while true {
            let place = Int(slots[slot]) - 1
            if place < 0 { return nil }
            let name = names[place]
            if name.mark == mark, name.length == key.bytes.count,
                name.length == 0 || memcmp(bytes + name.start, key.bytes.baseAddress!, name.length) == 0
            {
                return place
            }
            slot = (slot + 1) & last
        }
    }

    private func hash(_ mark: UInt64) -> Int { Int((mark &* 0x9E37_79B9_7F4A_7C15) >> shift) }

    /// Both ends of the name: different for nearly all names that differ.
    private static func mark(_ name: UnsafeRawBufferPointer) -> UInt64 {
        let count = name.count
        guard count > 0, let start = name.baseAddress else { return 0 }
        if count >= 8 {
            let head = start.loadUnaligned(as: UInt64.self)
            let tail = start.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            return head ^ (tail << 29 | tail >> 35) &+ UInt64(count)
        }
        if count >= 4 {
            return UInt64(start.loadUnaligned(as: UInt32.self))
                | UInt64(start.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)) << 32
        }
        return UInt64(name[0]) | UInt64(name[count / 2]) << 8 | UInt64(name[count - 1]) << 16
    }
}
