import Core
import Glibc

/// The running log of a database's changes: the pages of every commit with its instant, in numbered segments beside the copies,
/// so that a copy can be brought forward to any moment after it.
///
/// A segment is written by the lane before a checkpoint lets SQLite use the write-ahead log anew, so a sale pays for a note of
/// 24 bytes in a turn and for nothing else. Where changes were not kept (the log was off, the load was beyond its limit,
/// the disk was full, another file took the database's place) a hole stands in the row of segments: nothing is replayed across it.
package enum ChangeLog {
    /// How a store keeps its log.
    package struct Configuration: Sendable, Equatable {
        /// Where the segments are.
        package var folder: String
        /// False: nothing is kept, and a hole is noted where there was something.
        package var isKept: Bool
        /// Above it, measured from checkpoint to checkpoint, nothing is kept until it is less: 2 MiB in a second, some
        /// twenty sales that come one by one.
        package var mostFramesPerSecond: Double

        package init(folder: String, isKept: Bool = true, mostFramesPerSecond: Double = 500) {
            self.folder = folder
            self.isKept = isKept
            self.mostFramesPerSecond = mostFramesPerSecond
        }
    }

    /// One file of the log.
    package struct Item: Sendable, Equatable {
        package enum Kind: String, Sendable {
            case segment = "log"
            /// A segment, compressed.
            case packed = "log.gz"
            case hole
        }

        package let number: Int64
        package let kind: Kind
        package let path: String
    }

    /// The log's files in their order.
    package static func items(_ folder: String) throws(FileError) -> [Item] {
        guard Files.isDirectory(folder) else { return [] }
        var items: [Int64: Item] = [:]
        for name in try Files.list(folder) {
            let parts = name.split(separator: ".", maxSplits: 1)
            guard parts.count == 2, let number = Int64(parts[0]), let kind = Item.Kind(rawValue: String(parts[1])) else { continue }
            // A crash while one is packed leaves both forms.
            if kind == .packed, items[number] != nil { continue }
            items[number] = Item(number: number, kind: kind, path: "\(folder)/\(name)")
        }
        return items.values.sorted { $0.number < $1.number }
    }

    static func path(_ folder: String, _ number: Int64, _ kind: Item.Kind) -> String {
        let digits = String(number)
        return "\(folder)/\(String(repeating: "0", count: max(0, 12 - digits.count)))\(digits).\(kind.rawValue)"
    }

    /// Notes that changes from here on are not in the log, unless that is noted already.
    package static func noteHole(_ folder: String, at now: Instant, _ reason: String) throws(FileError) {
        let items = try items(folder)
        if items.last?.kind == .hole { return }
        try Files.createDirectory(folder, mode: 0o700)
        try Files.writeAtomically(path(folder, (items.last?.number ?? 0) + 1, .hole), "\(now.description) \(reason)\n", mode: 0o600)
    }

    /// When the last hole in the log ended or, where it has not, began; nil for none. A copy that is younger begins a row
    /// without holes.
    package static func lastHole(_ folder: String) throws -> (at: Instant, isOver: Bool)? {
        let items = try items(folder)
        guard let place = items.lastIndex(where: { $0.kind == .hole }) else {
            // Before the first segment nothing was kept.
            return try items.first.map { (try Segment.header(of: $0).from, true) }
        }
        if place + 1 < items.count { return (try Segment.header(of: items[place + 1]).from, true) }
        let words = try Files.text(items[place].path).split(separator: " ")
        return try words.first.map { (try Instant(String($0)), false) }
    }

    /// Compresses segments that are whole, oldest first. For the thread that makes copies.
    package static func pack(_ folder: String, isOver: () -> Bool = { false }) throws {
        for item in try items(folder) where item.kind == .segment && !isOver() {
            guard try Files.size(item.path) <= Segment.largestPacked else { continue }
            let packed = try Segment.compress(try Files.read(item.path))
            try Files.writeAtomically(path(folder, item.number, .packed), packed, mode: 0o600)
            try Files.remove(item.path)
        }
    }

    /// Removes what is too old or too much: the segments that end before `instant`, and the oldest of more than `mostBytes`. What
    /// is left has no new hole.
    package static func prune(_ folder: String, before instant: Instant, mostBytes: Int64 = .max) throws {
        let items = try items(folder)
        var bytes = try size(folder)
        for item in items {
            let size = try Files.size(item.path)
            switch item.kind {
            case .hole: break
            case .segment, .packed:
                // One that is damaged is as old as those around it.
                let header = try? Segment.header(of: item)
                guard bytes > mostBytes || header.map({ $0.to < instant }) ?? true else { return }
            }
            bytes -= size
            // The last one tells where the log goes on.
            if item == items.last { return }
            try Files.remove(item.path)
        }
    }

    /// Bytes that the log takes.
    package static func size(_ folder: String) throws -> Int64 {
        try items(folder).reduce(0) { $0 + (try Files.size($1.path)) }
    }
}
