import Core
import Glibc
import Storage
import Testing

/// Failing disks and power cuts: no false success, no half turn, nobody else harmed.
@Suite struct FaultTests {
    let folder: TemporaryFolder
    let pool = LanePool(threads: 2)
    let disk: DiskFaults

    init() throws {
        folder = try TemporaryFolder()
        disk = try DiskFaults(folder: folder.path)
    }

    func store(_ name: String = "a.db", _ change: (inout StoreConfiguration) -> Void = { _ in }) -> Store {
        Store(
            path: folder(name),
            configuration: Sample.configuration {
                $0.options.vfs = DiskFaults.vfs
                $0.reopenNanoseconds = 0
                change(&$0)
            }, pool: pool)
    }

    /// Two rows that are only ever there together.
    static func pair(_ name: String) -> Work {
        Work { db in
            try db.run(Sample.insert, "\(name) left", 1)
            try db.run(Sample.insert, "\(name) right", 1)
        }
    }

    /// The names of whole pairs; an issue for a half one.
    static func pairs(_ db: Connection) throws -> Set<String> {
        let names = try db.query(Sample.names) { $0.text(0).split(separator: " ").map(String.init) }
        let left = Set(names.filter { $0[1] == "left" }.map { $0[0] })
        #expect(left == Set(names.filter { $0[1] == "right" }.map { $0[0] }))
        #expect(names.count == 2 * left.count)
        return left
    }

    @Test func `a commit whose flush fails is no success, and the store is checked before it writes again`() throws {
        nonisolated(unsafe) var checks = 0
        let store = store { $0.check = { _ in checks += 1 } }
        let other = self.store("b.db")
        try store.write { try $0.run(Sample.insert, "before", 1) }
        let held = try HeldLane(store)
        let works = (0..<5).map { Sample.add("lost \($0)") }
        let refused = Work({ _ in throw Refusal() })
        for work in works + [refused] { try store.submit(work) }
        disk.fail(.sync, on: "a.db-wal")
        held.release()
        for work in works + [refused, held.work] {
            #expect(work.failure?.code == "storage.commit_failed")
            #expect(work.failure?.problem.status == 503)
        }
        #expect(store.failure?.code == "storage.commit_failed")
        #expect(try Sample.names(store) == ["before"])
        try other.write { try $0.run(Sample.insert, "unharmed", 1) }
        #expect(checks == 0)
        try store.write { try $0.run(Sample.insert, "after", 1) }
        #expect(checks == 1 && store.failure == nil)
        #expect(try Sample.names(store) == ["before", "after"])
    }

    @Test func `while the disk goes on failing the store stays read-only`() throws {
        let store = store()
        try store.write { try $0.run(Sample.insert, "before", 1) }
        disk.fail(.sync, on: "a.db-wal", forGood: true)
        for _ in 0..<5 {
            let work = Sample.add("lost")
            try store.submit(work)
            #expect(work.failure != nil)
            #expect(try Sample.names(store) == ["before"])
        }
        disk.heal()
        let work = Sample.add("after")
        try store.submit(work)
        #expect(work.isCommitted)
        #expect(try Sample.names(store).contains("after"))
    }

    @Test func `what a process leaves after a failed flush is made durable before anything is written after it`() throws {
        let first = store()
        try first.write { try $0.run(Sample.insert, "before", 1) }
        disk.fail(.sync, on: "-wal")
        let lost = Sample.add("nobody knows")
        try first.submit(lost)
        #expect(lost.failure?.code == "storage.commit_failed")
        // The process ends without a chance to tidy up; the system's memory still has what it wrote.
        disk.fail(.changes, forGood: true)
        try first.retire("killed")
        disk.heal()
        let second = store()
        try second.write { try $0.run(Sample.insert, "after", 1) }
        disk.cut()
        try second.retire("the power is gone")
        try disk.settle(.all, seed: 1)
        let names = Set(try Sample.names(Store(path: folder("a.db"), configuration: Sample.configuration(), pool: pool)))
        #expect(names.isSuperset(of: ["before", "after"]))
    }

    @Test func `a full disk at the commit stores nothing and the store stays open`() throws {
        let store = store()
        try store.write { try $0.run(Sample.insert, "before", 1) }
        disk.fail(.write, on: "a.db-wal", with: .full)
        let work = Sample.add("lost")
        try store.submit(work)
        #expect(work.failure == .full && work.failure?.problem.status == 507)
        #expect(store.failure == nil)
        try store.write { try $0.run(Sample.insert, "after", 1) }
        #expect(try Sample.names(store) == ["before", "after"])
    }

    @Test func `a read that fails inside a turn undoes the turn`() throws {
        let store = store { $0.options.cacheKiB = 64 }
        try store.write { db in
            for number in 0..<2000 { try db.run(Sample.insert, "item \(number) \(String(repeating: "x", count: 500))", 1) }
        }
        let held = try HeldLane(store)
        let neighbour = Sample.add("neighbour")
        let reading = Work { db in
            disk.fail(.read, nth: 3)
            _ = try db.query(Sample.names) { $0.text(0) }
        }
        for work in [neighbour, reading] { try store.submit(work) }
        held.release()
        #expect(neighbour.failure?.code == "storage.io" && reading.failure?.code == "storage.io")
        #expect(try Sample.names(store).count == 2000)
    }

    @Test func `a checkpoint that fails loses nothing`() throws {
        let store = store { $0.checkpointFrames = 4 }
        disk.fail(.write, on: "a.db", nth: 3)
        var kept: [String] = []
        for number in 0..<40 {
            let work = Sample.add("item \(number)")
            try store.submit(work)
            if work.isCommitted { kept.append("item \(number)") }
        }
        #expect(disk.hits == 1)
        #expect(try Sample.names(store) == kept)
        #expect(kept.count >= 39)
    }

    /// One life: pairs one by one and in groups, with checkpoints in between, until the power goes.
    /// - Returns: the names that were answered as committed.
    private func life(_ store: Store) throws -> Set<String> {
        var committed: Set<String> = []
        for number in 0..<12 {
            var works = [("\(number)a", Self.pair("\(number)a"))]
            if number % 3 == 0 {
                for letter in ["b", "c", "d"] { works.append(("\(number)\(letter)", Self.pair("\(number)\(letter)"))) }
            }
            var held: HeldLane?
            do {
                if works.count > 1 { held = try HeldLane(store) }
                for (_, work) in works { try store.submit(work) }
            } catch {
                held?.release()
                return committed
            }
            held?.release()
            for (name, work) in works where work.isCommitted { committed.insert(name) }
            if works.contains(where: { $0.1.failure != nil }) { return committed }
        }
        return committed
    }

    /// R2: each moment once, `--long` 300 cuts, in every way of losing and with either state of the folder.
    @Test(arguments: DiskFaults.Loss.allCases, [false, true])
    func `whatever was answered survives a power cut at any moment`(loss: DiskFaults.Loss, losesNames: Bool) throws {
        let small: (inout StoreConfiguration) -> Void = { $0.checkpointFrames = 12 }
        func prepare(_ name: String) throws -> Store {
            let store = store(name, small)
            try store.write { try $0.run(Sample.insert, "0 left", 1); try $0.run(Sample.insert, "0 right", 1) }
            store.waitUntilQuiet()
            return store
        }
        let whole = try prepare("whole.db")
        let before = disk.count(.changes)
        #expect(try life(whole).count == 24)
        whole.waitUntilQuiet()
        let moments = disk.count(.changes) - before
        #expect(whole.statistics.checkpoints > 2 && moments > 50)
        whole.closeIfIdle()

        for cut in 1...(getenv("KONTOR_LONG") == nil ? moments : max(moments, 300)) {
            let moment = (cut - 1) % moments + 1
            let store = try prepare("\(cut).db")
            disk.cut(nth: moment)
            let committed = try life(store)
            try? store.retire("the power is gone")
            try disk.settle(loss, losesNames: losesNames, seed: UInt64(cut))
            let again = Store(path: store.path, configuration: Sample.configuration(), pool: pool)
            let found = try again.read { db in
                #expect(try db.soundness(full: true) == [], "moment \(moment)")
                return try Self.pairs(db)
            }
            #expect(found.isSuperset(of: committed), "moment \(moment): \(committed.subtracting(found)) lost")
            try again.write { try $0.run(Sample.insert, "next left", 1); try $0.run(Sample.insert, "next right", 1) }
            again.waitUntilQuiet()
            again.closeIfIdle()
        }
    }

    @Test func `through many failures, answers stay true`() throws {
        var random = SeededRandom(UInt64.random(in: 1...UInt64.max))
        let seed = random.seed
        let store = store { $0.checkpointFrames = 16 }
        try store.ensureOpen()
        var committed: Set<String> = []
        var absent: Set<String> = []
        for number in 0..<300 {
            if random.next(below: 8) == 0 {
                let kinds: [DiskFaults.Operations] = [.write, .sync, .read, .truncate, [.write, .sync]]
                disk.fail(
                    kinds[random.next(below: kinds.count)], on: ["-wal", ".db", ""][random.next(below: 3)],
                    nth: 1 + random.next(below: 6), with: random.next(below: 3) == 0 ? .full : .inputOutput)
            }
            let work = Self.pair("\(number)")
            do { try store.submit(work) } catch { continue }
            switch work.outcome {
            case .committed: committed.insert("\(number)")
            case .refused(let error): Issue.record("seed \(seed): \(error)")
            case .failed(.commitFailed): break  // nobody knows
            case .failed: absent.insert("\(number)")
            }
        }
        disk.heal()
        store.waitUntilQuiet()
        disk.cut()
        try? store.write { try $0.run(Sample.insert, "cut", 1) }
        try? store.retire("the power is gone")
        try disk.settle(.sectors, seed: seed)
        let again = Store(path: store.path, configuration: Sample.configuration(), pool: pool)
        try again.read { db in
            #expect(try db.soundness(full: true) == [], "seed \(seed)")
            let found = try Self.pairs(db)
            #expect(found.isSuperset(of: committed), "seed \(seed): \(committed.subtracting(found)) lost")
            #expect(found.isDisjoint(with: absent), "seed \(seed): \(absent.intersection(found)) stored")
        }
        #expect(committed.count > 150, "seed \(seed)")
    }
}
