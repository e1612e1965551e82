import Core
import Storage
import Testing

/// Bringing a copy forward by the log of changes.
@Suite struct ChangeLogTests {
    let folder: TemporaryFolder
    let pool = LanePool(threads: 2)
    let clock = ManualClock()

    init() throws {
        folder = try TemporaryFolder()
        clock.set(try Instant("2026-01-05T09:00:00Z"))
    }

    private func store(mostFramesPerSecond: Double = 1e9, isKept: Bool = true, checkpointFrames: Int = 12) -> Store {
        let log = ChangeLog.Configuration(folder: folder("log"), isKept: isKept, mostFramesPerSecond: mostFramesPerSecond)
        return Store(
            path: folder("a.db"),
            configuration: Sample.configuration { [clock] in
                $0.clock = clock
                $0.checkpointFrames = checkpointFrames
                $0.changeLog = log
            }, pool: pool)
    }

    private func add(_ name: String, to store: Store) throws { try store.write { try $0.run(Sample.insert, name, 1) } }

    /// The names in a copy that was brought forward, and how that went.
    private func restored(_ base: BackupReport, to instant: Instant?) throws -> (names: [String], replay: ChangeLog.Replay) {
        let target = folder("forward-\(Random.reference()).db")
        let replay = try Backup.forward(
            base.path, digest: base.digest, log: folder("log"), takenAfter: base.takenAt, to: instant, into: target)
        try Backup.verify(target)
        let db = try Connection(path: target, mode: .reader)
        defer { db.close() }
        return (try db.query(Sample.names) { $0.text(0) }, replay)
    }

    private var items: [ChangeLog.Item] { get throws { try ChangeLog.items(folder("log")) } }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a copy is brought to any moment, over checkpoints, closing, the end of the process and packing`(seed: UInt64) throws {
        var random = SeededRandom(seed)
        var store = store()
        try add("before", to: store)
        let base = try Backup.make(of: store, to: folder("base.db"))
        var history: [(at: Instant, name: String)] = []
        var ended: [Store] = []
        for number in 0..<120 {
            clock.advance(milliseconds: Int64(1_000 + random.next(below: 5_000)))
            let name = "\(number)-" + String(repeating: "x", count: random.next(below: 3_000))
            try add(name, to: store)
            history.append((clock.now(), name))
            switch random.next(below: 12) {
            case 0:
                store.waitUntilQuiet()
                #expect(store.closeIfIdle())
            case 1:
                // The process ends: what the lane holds in memory is gone, and its write-ahead log is there.
                store.waitUntilQuiet()
                ended.append(store)
                store = self.store()
            case 2: try ChangeLog.pack(folder("log"))
            case 3: try store.keepChanges()
            default: break
            }
        }
        try store.keepChanges()
        #expect(store.statistics.checkpoints > 0 || !ended.isEmpty, "seed \(seed)")
        for _ in 0..<20 {
            let place = random.next(below: history.count)
            let instant = history[place].at.adding(milliseconds: Int64(random.next(below: 900)))
            let (names, replay) = try restored(base, to: instant)
            let isRight = names == ["before"] + history[...place].map(\.name)
            #expect(isRight, "seed \(seed) place \(place): \(names.count) names, \(replay)")
            #expect(replay.stoppedBy == nil && replay.last == history[place].at, "seed \(seed) place \(place): \(replay)")
        }
        #expect(try restored(base, to: nil).names.count == 121)
        #expect(try restored(base, to: base.snapshotAt).names == ["before"])
        // A later copy needs what came after it only.
        let later = try Backup.make(of: store, to: folder("later.db"))
        clock.advance(milliseconds: 1_000)
        try add("last", to: store)
        try store.keepChanges()
        try ChangeLog.prune(folder("log"), before: later.takenAt)
        #expect(try restored(later, to: nil).names.count == 122)
        #expect(try restored(base, to: nil).replay.stoppedBy != nil)
        for store in ended { try? store.retire("the test is over") }
    }

    @Test func `nothing is put on across a hole, and a copy made after it is brought forward again`() throws {
        let store = store(mostFramesPerSecond: 0.001, checkpointFrames: 1 << 20)
        try add("before", to: store)
        let base = try Backup.make(of: store, to: folder("base.db"))
        clock.advance(milliseconds: 1_000)
        try add("kept", to: store)
        try store.keepChanges()
        clock.advance(milliseconds: 1_000)
        // Ten megabytes at once are beyond such a limit.
        try store.write { db in
            try db.execute(script: "CREATE TABLE large (bytes BLOB) STRICT; INSERT INTO large VALUES (zeroblob(10000000))")
        }
        try store.keepChanges()
        #expect(try items.map(\.kind) == [.segment, .hole])
        #expect(try ChangeLog.lastHole(folder("log"))?.isOver == false)
        let (names, replay) = try restored(base, to: nil)
        #expect(names == ["before", "kept"])
        #expect(replay.stoppedBy?.contains("hole") == true)
        clock.advance(milliseconds: 1_000)
        try add("after", to: store)
        try store.keepChanges()
        #expect(try items.map(\.kind) == [.segment, .hole, .segment])
        #expect(try ChangeLog.lastHole(folder("log"))?.isOver == true)
        #expect(try restored(base, to: nil).names == ["before", "kept"])
        let second = try Backup.make(of: store, to: folder("second.db"))
        clock.advance(milliseconds: 1_000)
        try add("last", to: store)
        try store.keepChanges()
        let whole = try restored(second, to: nil)
        #expect(whole.names == ["before", "kept", "after", "last"] && whole.replay.stoppedBy == nil)
    }

    @Test func `a segment that is damaged or missing ends it at the commit before`() throws {
        let store = store()
        try add("before", to: store)
        let base = try Backup.make(of: store, to: folder("base.db"))
        for name in ["one", "two", "three"] {
            clock.advance(milliseconds: 1_000)
            try add(name, to: store)
            try store.keepChanges()
        }
        let segments = try items
        #expect(segments.count >= 3)
        let last = try #require(segments.last)
        let whole = try Files.read(last.path)
        var damaged = whole
        damaged[damaged.count / 2] ^= 1
        try Files.writeAtomically(last.path, damaged)
        let (names, replay) = try restored(base, to: nil)
        #expect(names == ["before", "one", "two"])
        #expect(replay.stoppedBy?.contains("not what was written") == true && replay.refusedSegments == 1)
        try Files.writeAtomically(last.path, Array(whole.dropLast(100)))
        #expect(try restored(base, to: nil).names == ["before", "one", "two"])
        try Files.writeAtomically(last.path, whole)
        #expect(try restored(base, to: nil).names == ["before", "one", "two", "three"])
        try Files.remove(segments[segments.count - 2].path)
        let gap = try restored(base, to: nil)
        #expect(gap.names == ["before", "one"])
        #expect(gap.replay.stoppedBy?.contains("is missing") == true)
    }

    @Test func `another file in the database's place, and a time without a log, are holes`() throws {
        let first = store()
        try add("before", to: first)
        let base = try Backup.make(of: first, to: folder("base.db"))
        clock.advance(milliseconds: 1_000)
        try add("lost", to: first)
        _ = try Restore.restore(base.path, digest: base.digest, into: first, at: clock.now())
        #expect(try items.last?.kind == .hole)
        clock.advance(milliseconds: 1_000)
        try add("after", to: first)
        try first.keepChanges()
        #expect(try restored(base, to: nil).names == ["before", "lost"])
        try first.retire("the process ends")
        let second = store(isKept: false)
        try add("unlogged", to: second)
        try second.retire("the process ends")
        #expect(try items.last?.kind == .hole)
        // Noted once.
        let count = try items.count
        let third = store(isKept: false)
        try add("unlogged too", to: third)
        try third.retire("the process ends")
        #expect(try items.count == count)
    }

    @Test func `a log that cannot be written does not keep the store from working`() throws {
        let store = store()
        try add("before", to: store)
        try store.keepChanges()
        try Files.removeTree(folder("log"))
        try Files.writeAtomically(folder("log"), "a file\n")
        for number in 0..<40 { try add("\(number)", to: store) }
        #expect(try Sample.names(store).count == 41)
        #expect(store.statistics.checkpoints > 0)
    }
}
