import Core
import Storage
import Testing

@Suite struct BackupTests {
    let folder: TemporaryFolder
    let pool = LanePool(threads: 2)
    let store: Store
    let clock = ManualClock()

    init() throws {
        folder = try TemporaryFolder()
        clock.set(try Instant("2026-01-05T09:30:00Z"))
        store = Store(path: folder("a.db"), configuration: Sample.configuration { [clock] in $0.clock = clock }, pool: pool)
        try store.write { try $0.run(Sample.insert, "one", 1) }
    }

    @Test func `a backup is one sound file with the rows of its moment`() throws {
        let report = try Backup.make(of: store, to: folder("copy.db"))
        try store.write { try $0.run(Sample.insert, "two", 1) }
        #expect(report.path == folder("copy.db") && report.takenAt == clock.now())
        #expect(try Files.size(report.path) == report.bytes)
        #expect(Digest.hex(Digest.sha256(try Files.read(report.path))) == report.digest)
        #expect(try Files.list(folder.path).filter { $0.hasPrefix("copy") } == ["copy.db"])
        let copy = try Connection(path: report.path, mode: .reader)
        #expect(try copy.query(Sample.names) { $0.text(0) } == ["one"])
        #expect(try copy.text(SQL("PRAGMA journal_mode")) == "delete")
        try Backup.verify(report.path, digest: report.digest)
    }

    @Test func `a sound file is not taken for another one`() throws {
        let first = try Backup.make(of: store, to: folder("first.db"))
        try store.write { try $0.run(Sample.insert, "two", 1) }
        let second = try Backup.make(of: store, to: folder("second.db"))
        try Backup.verify(second.path, digest: second.digest)
        let error = #expect(throws: StorageError.self) { try Backup.verify(second.path, digest: first.digest) }
        guard case .unsound(let what)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(what.contains("not the file"), "\(what)")
    }

    @Test func `a backup during writes is of one commit`() throws {
        // Two rows in each commit; a copy with an odd number of rows would be of no moment.
        let stop = Gate()
        let done = Gate()
        let running = ManualClock()
        Thread.start(name: "writer", stackBytes: 1 << 20) { [store] in
            var number = 0
            while running.now().milliseconds == 0 {
                number += 1
                let pair = number
                _ = try? store.write { db in
                    try db.run(Sample.insert, "a\(pair) \(String(repeating: "x", count: 2000))", 1)
                    try db.run(Sample.insert, "b\(pair)", 1)
                }
                if number == 50 { stop.open() }
            }
            done.open()
        }
        stop.wait()
        for number in 0..<5 {
            var steps = 0
            let report = try Backup.make(of: store, to: folder("copy\(number).db"), progress: { _, _ in steps += 1 })
            let copy = try Connection(path: report.path, mode: .reader)
            #expect(try copy.integer(Sample.count) % 2 == 1)  // "one" and pairs
            #expect(steps > 0)
        }
        running.set(Instant(milliseconds: 1))
        done.wait()
    }

    @Test func `a backup comes to its end although others write all the time`() throws {
        try store.write { db in
            for number in 0..<3000 { try db.run(Sample.insert, "\(number) \(String(repeating: "x", count: 4000))", 1) }
        }
        var steps = 0
        let report = try Backup.make(
            of: store, to: folder("copy.db"),
            progress: { [store] done, total in
                steps += 1
                if steps > 20 { throw Refusal(reason: "it begins again and again") }
                let number = steps
                try store.write { try $0.run(Sample.insert, "meanwhile \(number)", 1) }
            })
        #expect(steps >= 3)
        #expect(try Connection(path: report.path, mode: .reader).integer(Sample.count) == 3001)
        #expect(try store.read { try $0.integer(Sample.count) } == Int64(3001 + steps))
    }

    @Test func `a copy that the caller's check refuses is not kept`() throws {
        #expect(throws: Refusal()) {
            try Backup.make(of: store, to: folder("copy.db"), check: { _ in throw Refusal() })
        }
        #expect(throws: Refusal()) {
            try Backup.make(of: store, to: folder("copy.db"), progress: { _, _ in throw Refusal() })
        }
        #expect(try Files.list(folder.path).filter { !$0.hasPrefix("a.db") } == [])
    }

    @Test func `a second place holds the same bytes`() throws {
        let report = try Backup.make(of: store, to: folder("copy.db"))
        try Backup.copy(report.path, digest: report.digest, toSecondPlace: folder("second.db"))
        #expect(try Files.read(folder("second.db")) == Files.read(report.path))
        var bytes = try Files.read(report.path)
        bytes[5000] ^= 1
        try Files.writeAtomically(report.path, bytes)
        #expect(throws: StorageError.self) { try Backup.copy(report.path, digest: report.digest, toSecondPlace: folder("third.db")) }
        #expect(!Files.exists(folder("third.db")))
    }

    @Test func `a restore puts the backup in place and keeps the former file`() throws {
        let report = try Backup.make(of: store, to: folder("copy.db"))
        try store.write { try $0.run(Sample.insert, "two", 1) }
        let former = try Restore.restore(report.path, digest: report.digest, into: store, at: clock.now())
        #expect(former == folder("a.db.before-restore-2026-01-05T093000.000Z"))
        #expect(try Sample.names(store) == ["one"])
        let kept = try Connection(path: try #require(former), mode: .reader)
        #expect(try kept.query(Sample.names) { $0.text(0) } == ["one", "two"])
        try store.write { try $0.run(Sample.insert, "three", 1) }
        #expect(try Sample.names(store) == ["one", "three"])
        #expect(Files.exists(report.path))
    }

    @Test func `what waits for its turn is refused by a restore, as it was let in on the rows of before`() throws {
        let pool = LanePool(threads: 1)
        let store = Store(path: folder("w.db"), configuration: Sample.configuration(), pool: pool)
        try store.write { try $0.run(Sample.insert, "one", 1) }
        let report = try Backup.make(of: store, to: folder("copy.db"))
        // The only thread is busy elsewhere, so the work waits.
        let busy = try HeldLane(Store(path: folder("b.db"), configuration: Sample.configuration(), pool: pool))
        let waiting = Sample.add("late")
        try store.submit(waiting)
        try Restore.restore(report.path, into: store, at: clock.now())
        busy.release()
        #expect(waiting.failure?.code == "storage.closed")
        #expect(try Sample.names(store) == ["one"])
    }

    @Test func `what is kept in memory is told of a restore before anybody reads`() throws {
        let report = try Backup.make(of: store, to: folder("copy.db"))
        var seen: [StorageError] = []
        try Restore.restore(
            report.path, into: store, at: clock.now(),
            swapped: {
                do { _ = try Sample.names(store) } catch { seen.append(error as? StorageError ?? .busy) }
            })
        #expect(seen == [.closed("it is being restored")])
        #expect(try Sample.names(store) == ["one"])
    }

    @Test func `a restore that cannot put the file in place leaves the store as it was`() throws {
        let report = try Backup.make(of: store, to: folder("copy.db"))
        try store.write { try $0.run(Sample.insert, "two", 1) }
        // A folder has no second name and takes no file's place.
        store.waitUntilQuiet()
        #expect(store.closeIfIdle())
        let path = folder("in-the-way")
        let other = Store(path: path, configuration: store.configuration, pool: pool)
        try Files.createDirectory(path + "/inner")
        #expect(throws: (any Error).self) { try Restore.restore(report.path, into: other, at: clock.now()) }
        #expect(try Files.list(folder.path) == ["a.db", "copy.db", "in-the-way"])
        #expect(try Sample.names(store) == ["one", "two"])
    }

    @Test func `a restore of a damaged or foreign file changes nothing`() throws {
        try store.write { db in for number in 0..<500 { try db.run(Sample.insert, "item \(number)", 1) } }
        let report = try Backup.make(of: store, to: folder("copy.db"))
        var bytes = try Files.read(report.path)
        for index in 8192..<9000 { bytes[index] = 0xA5 }
        try Files.writeAtomically(folder("bad.db"), bytes)
        #expect(throws: StorageError.self) { try Restore.restore(folder("bad.db"), into: store, at: clock.now()) }
        #expect(throws: StorageError.self) {
            try Restore.restore(report.path, digest: String(repeating: "0", count: 64), into: store, at: clock.now())
        }
        #expect(throws: Refusal()) {
            try Restore.restore(report.path, into: store, at: clock.now(), check: { _ in throw Refusal() })
        }
        try Files.writeAtomically(folder("text.db"), "not a database, but long enough to be looked at as one")
        #expect(throws: StorageError.self) { try Restore.restore(folder("text.db"), into: store, at: clock.now()) }
        #expect(try Sample.names(store).count == 501)
        #expect(try Files.list(folder.path).filter { $0.contains("restor") } == [])
    }
}
