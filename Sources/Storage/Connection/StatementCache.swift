/// Statements by the identity of their `SQL`: an open table of pointers, since a look-up is made for every statement
/// that is run. A statement holds its `SQL`, so an address is never used again while it is in here.
struct StatementCache {
    private var slots: [Statement?] = []
    private(set) var count = 0
    private var lookups: UInt64 = 0
    private let limit: Int

    /// - Parameter limit: past it, the quarter that was not used for longest is let go.
    init(limit: Int) { self.limit = limit }

    mutating func find(_ sql: SQL) -> Statement? {
        guard !slots.isEmpty else { return nil }
        let mask = slots.count - 1
        var slot = Self.hash(sql) & mask
        while let statement = slots[slot] {
            if statement.sql === sql {
                lookups &+= 1
                statement.lastUse = lookups
                return statement
            }
            slot = (slot + 1) & mask
        }
        return nil
    }

    mutating func insert(_ statement: Statement) {
        if count >= limit { evict() }
        if (count + 1) * 2 > slots.count { rebuild(capacity: max(64, slots.count * 2), keeping: slots.compactMap(\.self)) }
        lookups &+= 1
        statement.lastUse = lookups
        place(statement)
    }

    mutating func removeAll() {
        slots = []
        count = 0
    }

    private mutating func place(_ statement: Statement) {
        let mask = slots.count - 1
        var slot = Self.hash(statement.sql) & mask
        while slots[slot] != nil { slot = (slot + 1) & mask }
        slots[slot] = statement
        count += 1
    }

    private mutating func evict() {
        let byAge = slots.compactMap(\.self).sorted { $0.lastUse > $1.lastUse }
        // One in use by a caller up the stack stays until it is done.
        let kept = byAge.enumerated().filter { $0.offset < limit * 3 / 4 || $0.element.isRunning }
        rebuild(capacity: slots.count, keeping: kept.map(\.element))
    }

    private mutating func rebuild(capacity: Int, keeping statements: [Statement]) {
        slots = Array(repeating: nil, count: capacity)
        count = 0
        for statement in statements { place(statement) }
    }

    /// Objects lie 16 bytes apart; the multiplication spreads what is left of the address into the low bits.
    private static func hash(_ sql: SQL) -> Int {
        let address = UInt(bitPattern: Unmanaged.passUnretained(sql).toOpaque())
        return Int(truncatingIfNeeded: (address >> 4) &* 0x9E37_79B9_7F4A_7C15 >> 32)
    }
}
