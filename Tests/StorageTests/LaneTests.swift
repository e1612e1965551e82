import Core
import Storage
import Testing

@Suite struct LaneTests {
    let folder: TemporaryFolder
    let pool = LanePool(threads: 4)

    init() throws { folder = try TemporaryFolder() }

    func store(_ change: (inout StoreConfiguration) -> Void = { _ in }) -> Store {
        Store(path: folder("a.db"), configuration: Sample.configuration(change), pool: pool)
    }

    @Test func `those who wait together are committed together and answered in their order`() throws {
        let store = store()
        let held = try HeldLane(store)
        nonisolated(unsafe) var order: [Int] = []
        let works = (0..<200).map { number in
            Work({ try $0.run(Sample.insert, "item \(number)", number) }, finished: { _ in order.append(number) })
        }
        for work in works { try store.submit(work) }
        held.release()
        for work in works { #expect(work.isCommitted) }
        #expect(order == Array(0..<200))
        #expect(store.statistics.turns == 1)
        #expect(store.statistics.largestGroup == 201)
        #expect(store.statistics.committed == 201)
        #expect(try Sample.names(store) == (0..<200).map { "item \($0)" })
    }

    @Test func `a turn ends at its limit and the rest come in the next`() throws {
        let store = store { $0.groupLimit = 10 }
        let held = try HeldLane(store)
        let works = (0..<24).map { Sample.add("item \($0)") }
        for work in works { try store.submit(work) }
        held.release()
        for work in works { #expect(work.isCommitted) }
        #expect(store.statistics.turns == 3)
        #expect(store.statistics.largestGroup == 10)
    }

    @Test func `a turn that took too long takes no further work`() throws {
        let store = store { $0.turnNanoseconds = 0 }
        let held = try HeldLane(store)
        let works = (0..<3).map { Sample.add("item \($0)") }
        for work in works { try store.submit(work) }
        held.release()
        for work in works { #expect(work.isCommitted) }
        #expect(store.statistics.turns == 4)
    }

    @Test func `a refused neighbour leaves nothing behind and disturbs nobody`() throws {
        let store = store()
        let held = try HeldLane(store)
        let first = Sample.add("first")
        let refused = Work(
            { db in
                try db.run(Sample.insert, "half", 1)
                try db.savepoint { try db.run(Sample.insert, "other half", 1) }
                throw Refusal()
            }, refused: { error, db in try db.run(Sample.insert, "refused: \(error as? Refusal == Refusal())", 0) })
        let violates = Sample.add("first")
        let last = Sample.add("last")
        for work in [first, refused, violates, last] { try store.submit(work) }
        held.release()
        #expect(first.isCommitted && last.isCommitted)
        #expect(refused.refusal as? Refusal == Refusal())
        guard case .constraint(let violation) = violates.refusal as? StorageError else {
            Issue.record("a constraint was expected")
            return
        }
        #expect(violation.columns == ["name"])
        #expect(try Sample.names(store) == ["first", "refused: true", "last"])
        #expect(store.statistics.turns == 1 && store.statistics.refused == 2)
    }

    @Test func `what fails while a refusal is stored is undone too`() throws {
        let store = store()
        let work = Work(
            { _ in throw Refusal(reason: "first") },
            refused: { _, db in
                try db.run(Sample.insert, "record", 1)
                throw Refusal(reason: "second")
            })
        try store.submit(work)
        #expect(work.refusal as? Refusal == Refusal(reason: "second"))
        #expect(try Sample.names(store) == [])
    }

    @Test func `an answer comes after its commit`() throws {
        let store = store()
        let observer = Store(path: folder("a.db"), configuration: Sample.configuration(), pool: pool)
        try store.write { try $0.run(Sample.insert, "zero", 1) }
        let reader = try Connection(path: folder("a.db"), mode: .reader)
        nonisolated(unsafe) var seen: Int64 = -1
        nonisolated(unsafe) var before: Int64 = -1
        let work = Work(
            { db in
                try db.run(Sample.insert, "one", 1)
                before = try reader.integer(Sample.count)
            }, finished: { _ in seen = (try? reader.integer(Sample.count)) ?? -1 })
        try store.submit(work)
        #expect(work.isCommitted)
        #expect(before == 1 && seen == 2)
        withExtendedLifetime(observer) {}
    }

    @Test func `a read sees what was answered before it`() throws {
        let store = store()
        for number in 0..<100 {
            let work = Sample.add("item \(number)")
            try store.submit(work)
            #expect(work.isCommitted)
            #expect(try store.read { try $0.integer(Sample.count) } == Int64(number + 1))
        }
    }

    @Test func `a read is of one moment`() throws {
        let store = store()
        try store.write { try $0.run(Sample.insert, "one", 1) }
        try store.read { db in
            #expect(try db.integer(Sample.count) == 1)
            let work = Sample.add("two")
            try store.submit(work)
            #expect(work.isCommitted)
            #expect(try db.integer(Sample.count) == 1)
        }
        #expect(try store.read { try $0.integer(Sample.count) } == 2)
    }

    @Test func `a statement left open in a read does not hold its moment`() throws {
        let store = store { $0.readers = 1 }
        try store.write { try $0.run(Sample.insert, "one", 1) }
        let isRow = try store.read { try $0.statement(Sample.names).step() }
        #expect(isRow)
        try store.write { try $0.run(Sample.insert, "two", 1) }
        #expect(try Sample.names(store) == ["one", "two"])
    }

    @Test func `one too many is refused`() throws {
        let store = store { $0.queueLimit = 5 }
        let held = try HeldLane(store)
        let works = (0..<5).map { Sample.add("item \($0)") }
        for work in works { try store.submit(work) }
        let error = #expect(throws: StorageError.queueFull(limit: 5)) { try store.submit(Sample.add("too many")) }
        #expect(error?.problem.status == 429)
        #expect(error?.problem.headers.first?.0 == "Retry-After")
        held.release()
        for work in works { #expect(work.isCommitted) }
        #expect(try Sample.names(store).count == 5)
    }

    @Test func `a key left open is its own work's fault`() throws {
        let store = store()
        let held = try HeldLane(store)
        let sound = Sample.add("sound")
        let broken = Work { try $0.run(Sample.insertKind, "broken", 99) }
        let late = Sample.add("late")
        for work in [sound, broken, late] { try store.submit(work) }
        held.release()
        #expect(sound.isCommitted && late.isCommitted)
        #expect((broken.refusal as? StorageError)?.code == "storage.constraint")
        #expect(try Sample.names(store) == ["sound", "late"])
    }

    @Test(arguments: [StorageError.full, .inputOutput("injected"), .outOfMemory])
    func `a failing disk undoes the whole turn, also if a work hides it`(error: StorageError) throws {
        let store = store()
        try store.write { try $0.run(Sample.insert, "before", 1) }
        let held = try HeldLane(store)
        let neighbour = Sample.add("neighbour")
        let hiding = Work { db in
            db.failStatement(1, with: error)
            do { try db.run(Sample.insert, "hidden", 1) } catch { try db.run(Sample.insert, "instead", 1) }
        }
        for work in [neighbour, hiding] { try store.submit(work) }
        held.release()
        #expect(neighbour.failure == error && hiding.failure == error && held.work.failure == error)
        #expect(try Sample.names(store) == ["before"])
        #expect(store.statistics.lostTurns == 1)
    }

    @Test func `a statement that ends the transaction fails the turn`() throws {
        let store = store()
        let held = try HeldLane(store)
        let neighbour = Sample.add("neighbour")
        let ending = Work { try $0.execute(script: "ROLLBACK") }
        let next = Sample.add("next")
        for work in [neighbour, ending] { try store.submit(work) }
        held.release()
        #expect(neighbour.failure == .turnLost && ending.failure == .turnLost)
        try store.submit(next)
        #expect(next.isCommitted)
        #expect(try Sample.names(store) == ["next"])
    }

    @Test func `after a failed disk the store is read-only until it was checked`() throws {
        nonisolated(unsafe) var checks = 0
        let store = store {
            $0.reopenNanoseconds = 3_600_000_000_000
            $0.check = { _ in checks += 1 }
        }
        try store.write { try $0.run(Sample.insert, "before", 1) }
        let failing = Work { db in
            db.failStatement(1)
            try db.run(Sample.insert, "never", 1)
        }
        try store.submit(failing)
        #expect(failing.failure == .inputOutput("injected"))
        #expect(store.failure == .inputOutput("injected"))
        #expect(throws: StorageError.readOnly("storage.io")) { try store.submit(Sample.add("refused")) }
        #expect(try Sample.names(store) == ["before"])
        #expect(checks == 0)
    }

    @Test func `a failed store is opened again and checked`() throws {
        nonisolated(unsafe) var failsCheck = true
        let store = store {
            $0.reopenNanoseconds = 0
            $0.check = { _ in if failsCheck { throw Refusal(reason: "books do not balance") } }
        }
        let failing = Work { db in
            db.failStatement(1)
            try db.run(Sample.insert, "never", 1)
        }
        try store.submit(failing)
        #expect(failing.failure == .inputOutput("injected"))
        let refused = Sample.add("refused")
        try store.submit(refused)
        #expect(refused.failure?.code == "storage.cannot_open")
        failsCheck = false
        let work = Sample.add("after")
        try store.submit(work)
        #expect(work.isCommitted)
        #expect(store.failure == nil)
        #expect(try Sample.names(store) == ["after"])
    }

    @Test func `one store's slow work does not hold another store`() throws {
        let slow = store()
        let other = Store(path: folder("b.db"), configuration: Sample.configuration(), pool: pool)
        let held = try HeldLane(slow)
        let waiting = Sample.add("waiting")
        try slow.submit(waiting)
        try other.write { try $0.run(Sample.insert, "quick", 1) }
        #expect(try Sample.names(other) == ["quick"])
        held.release()
        #expect(waiting.isCommitted)
    }

    @Test func `more stores than threads are all served`() throws {
        let stores = (0..<12).map { Store(path: folder("\($0).db"), configuration: Sample.configuration(), pool: pool) }
        var works: [Work] = []
        for round in 0..<20 {
            for store in stores {
                let work = Sample.add("item \(round)")
                works.append(work)
                try store.submit(work)
            }
        }
        for work in works { #expect(work.isCommitted) }
        for store in stores { #expect(try Sample.names(store) == (0..<20).map { "item \($0)" }) }
    }

    @Test func `a lane does not wait for a lane`() throws {
        let store = store()
        let other = Store(path: folder("b.db"), configuration: Sample.configuration(), pool: pool)
        #expect(throws: StorageError.misuse("a lane that waits for a lane")) {
            try store.write { _ in try other.write { try $0.run(Sample.insert, "x", 1) } }
        }
    }

    @Test func `many threads at once lose nothing`() throws {
        let store = store { $0.checkpointFrames = 50 }
        let each = 200
        let gates = (0..<8).map { _ in Gate() }
        for thread in 0..<8 {
            Thread.start(name: "writer", stackBytes: 1 << 20) {
                for number in 0..<each {
                    let work = Sample.add("\(thread) \(number)")
                    guard (try? store.submit(work)) != nil, work.isCommitted else { break }
                    if number % 10 == 0 { _ = try? Sample.names(store) }
                }
                gates[thread].open()
            }
        }
        for gate in gates { gate.wait() }
        let names = try Sample.names(store)
        #expect(names.count == 8 * each)
        for thread in 0..<8 {
            #expect(names.filter { $0.hasPrefix("\(thread) ") } == (0..<each).map { "\(thread) \($0)" })
        }
        #expect(store.statistics.checkpoints > 0)
    }
}
