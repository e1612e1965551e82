/// Tables as a set of 64 places: several tables may share one, so that a change of one may look like a change of another,
/// and never the other way round.
package struct TableSet: Sendable, Equatable {
    var places: UInt64 = 0

    static let all = TableSet(places: .max)
    package static let none = TableSet(places: 0)

    package init(_ tables: some Sequence<String>) {
        for table in tables { insert(table) }
    }

    private init(places: UInt64) { self.places = places }

    mutating func insert(_ table: String) { insert(utf8: table.utf8) }

    mutating func insert(utf8 table: some Sequence<UInt8>) {
        // FNV-1a, since Hasher is seeded and slower than a table's name is long.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in table { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        places |= 1 << ((hash ^ hash >> 32) & 63)
    }

    mutating func formUnion(_ other: TableSet) { places |= other.places }
}

/// How often some tables of a store were changed since the process began: equal stamps mean equal rows.
///
/// Take it before the reading that it stands for: what is committed in between then counts as a change.
package struct ChangeStamp: Sendable, Equatable {
    let counts: [UInt64]
}

/// Under the store's monitor.
struct ChangeCounts {
    private var counts = [UInt64](repeating: 0, count: 64)

    mutating func note(_ tables: TableSet) {
        var left = tables.places
        while left != 0 {
            counts[left.trailingZeroBitCount] &+= 1
            left &= left - 1
        }
    }

    func stamp(of tables: TableSet) -> ChangeStamp {
        ChangeStamp(counts: counts.indices.filter { tables.places >> UInt64($0) & 1 == 1 }.map { counts[$0] })
    }
}
