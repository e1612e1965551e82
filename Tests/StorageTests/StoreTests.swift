import Core
import Glibc
import Storage
import Testing

@Suite struct StoreTests {
    let folder: TemporaryFolder
    let pool = LanePool(threads: 2)

    init() throws { folder = try TemporaryFolder() }

    func store(_ change: (inout StoreConfiguration) -> Void = { _ in }) -> Store {
        Store(path: folder("a.db"), configuration: Sample.configuration(change), pool: pool)
    }

    @Test func `it is opened at first use, closed when idle and opened again`() throws {
        nonisolated(unsafe) var openings = 0
        let store = store { $0.opened = { _ in openings += 1 } }
        #expect(!store.isOpen && !Files.exists(store.path))
        #expect(try Sample.names(store) == [])
        try store.write { try $0.run(Sample.insert, "one", 1) }
        #expect(store.isOpen && openings == 1)
        #expect(Files.exists("\(store.path)-wal"))
        let lastUsed = store.lastUsed
        store.waitUntilQuiet()
        #expect(!store.closeIfIdle(since: lastUsed - 1))
        #expect(store.closeIfIdle(since: lastUsed))
        #expect(!store.isOpen && !store.closeIfIdle())
        // The log was brought into the file, and no descriptor is left.
        #expect(try Files.list(folder.path) == ["a.db"])
        let links = try Files.list("/proc/self/fd").compactMap { descriptor(path: "/proc/self/fd/\($0)") }
        #expect(!links.contains { $0.hasPrefix(folder.path) })
        #expect(try Sample.names(store) == ["one"])
        #expect(openings == 2)
    }

    @Test(arguments: [20, 33, 64, 65, 400])
    func `a savepoint may change any number of pages and be taken back`(pages: Int) throws {
        let store = store()
        let text = String(repeating: "x", count: 3_000)
        try store.write { db in for number in 0..<pages { try db.run(Sample.insert, "\(number)" + text, 0) } }
        struct Enough: Error {}
        // The request itself is a savepoint; the inner one is taken back, then all of it.
        try store.write { db in
            try? db.savepoint {
                try db.run(SQL("UPDATE items SET price = 1"))
                throw Enough()
            }
            #expect(try db.integer(SQL("SELECT sum(price) FROM items")) == 0)
            try db.savepoint { try db.run(SQL("UPDATE items SET price = 2")) }
        }
        #expect(throws: Enough.self) {
            try store.write { db in
                try db.savepoint { try db.run(SQL("UPDATE items SET price = 3")) }
                throw Enough()
            }
        }
        #expect(try store.read { db in try db.integer(SQL("SELECT sum(price) FROM items")) } == Int64(2 * pages))
    }

    @Test func `it is not closed while somebody reads or waits`() throws {
        let store = store()
        try store.read { _ in #expect(!store.closeIfIdle()) }
        let held = try HeldLane(store)
        #expect(!store.closeIfIdle())
        held.release()
        _ = held.work.outcome
    }

    @Test func `writes and reads go on over many closings`() throws {
        let store = store()
        let done = Gate()
        Thread.start(name: "closer", stackBytes: 1 << 18) {
            for _ in 0..<2000 { store.closeIfIdle() }
            done.open()
        }
        for number in 0..<200 {
            try store.write { try $0.run(Sample.insert, "item \(number)", 1) }
            #expect(try store.read { try $0.integer(Sample.count) } == Int64(number + 1))
        }
        done.wait()
        #expect(try Sample.names(store) == (0..<200).map { "item \($0)" })
    }

    @Test func `readers share a few connections and wait their turn`() throws {
        nonisolated(unsafe) var made = 0
        let store = store {
            $0.readers = 2
            $0.openedReader = { _ in made += 1 }
        }
        try store.write { try $0.run(Sample.insert, "one", 1) }
        let gates = (0..<6).map { _ in Gate() }
        let counter = ManualClock()
        for gate in gates {
            Thread.start(name: "reader", stackBytes: 1 << 18) {
                for _ in 0..<100 {
                    if (try? store.read { try $0.integer(Sample.count) }) == 1 { counter.advance(milliseconds: 1) }
                }
                gate.open()
            }
        }
        for gate in gates { gate.wait() }
        #expect(counter.now().milliseconds == 600)
        #expect((1...2).contains(made))
    }

    @Test func `a reader that gets no connection is told`() throws {
        let store = store {
            $0.readers = 1
            $0.readerWaitNanoseconds = 1
        }
        #expect(throws: StorageError.busy) { try store.read { _ in try store.read { _ in } } }
        #expect(try Sample.names(store) == [])
    }

    @Test func `an error in a read comes out and leaves the reader usable`() throws {
        let store = store { $0.readers = 1 }
        #expect(throws: Refusal()) { try store.read { _ in throw Refusal() } }
        #expect(throws: StorageError.self) { try store.read { try $0.run(SQL("SELECT nothing")) } }
        #expect(try Sample.names(store) == [])
    }

    @Test func `while it is closed its file can be changed, and those in the queue wait`() throws {
        let store = store()
        try store.write { try $0.run(Sample.insert, "one", 1) }
        let late = Sample.add("late")
        try store.whileClosed("it is being moved") {
            let names = try Files.list(folder.path)
            #expect(names == ["a.db"])
            #expect(throws: StorageError.closed("it is being moved")) { try store.submit(late) }
            #expect(throws: StorageError.closed("it is being moved")) { try store.read { _ in } }
            #expect(throws: StorageError.closed("it is being moved")) { try store.whileClosed("again") {} }
        }
        try store.submit(late)
        #expect(late.isCommitted)
        #expect(try Sample.names(store) == ["one", "late"])
    }

    @Test func `a reader and a lane that come at once open it once`() throws {
        let pool = LanePool(threads: 1)
        let entered = Gate()
        let released = Gate()
        nonisolated(unsafe) var openings = 0
        let store = Store(
            path: folder("a.db"),
            configuration: Sample.configuration {
                $0.opened = { _ in
                    openings += 1
                    entered.open()
                    released.wait()
                }
            }, pool: pool)
        // The lane is scheduled, and its thread busy elsewhere, when a reader begins to open the store.
        let busy = try HeldLane(Store(path: folder("b.db"), configuration: Sample.configuration(), pool: pool))
        let work = Sample.add("one")
        try store.submit(work)
        let read = Gate()
        Thread.start(name: "reader", stackBytes: 1 << 18) {
            _ = try? Sample.names(store)
            read.open()
        }
        entered.wait()
        busy.release()
        // Once this is done, the thread has been at the store and found it taken.
        try Store(path: folder("c.db"), configuration: Sample.configuration(), pool: pool).write { _ in }
        released.open()
        #expect(work.isCommitted)
        read.wait()
        #expect(openings == 1)
        #expect(try Sample.names(store) == ["one"])
    }

    @Test func `a turn that reads is not held up by someone who waits for its end`() throws {
        let store = store { $0.readerWaitNanoseconds = 3_600_000_000_000 }
        let entered = Gate()
        let closing = Gate()
        nonisolated(unsafe) var names: [String]?
        let work = Work { db in
            entered.open()
            closing.wait()
            names = try Sample.names(store)
            try db.run(Sample.insert, "one", 1)
        }
        try store.submit(work)
        entered.wait()
        let closed = Gate()
        Thread.start(name: "closer", stackBytes: 1 << 18) {
            try? store.whileClosed("it is being moved") {}
            closed.open()
        }
        // The turn goes on once somebody waits for its end.
        while store.waitersForQuiet == 0 { sched_yield() }
        closing.open()
        #expect(work.isCommitted && names == [])
        closed.wait()
    }

    @Test func `a store that cannot be opened says why, and is tried again`() throws {
        nonisolated(unsafe) var fails = true
        let store = store {
            $0.reopenNanoseconds = 0
            $0.opened = { _ in if fails { throw Refusal(reason: "not yet") } }
        }
        let error = #expect(throws: StorageError.self) { try store.read { _ in } }
        #expect(error?.code == "storage.cannot_open")
        let work = Sample.add("one")
        try store.submit(work)
        #expect(work.failure?.code == "storage.cannot_open")
        fails = false
        #expect(try Sample.names(store) == [])
    }

    @Test func `a damaged file is found out`() throws {
        let store = store()
        try store.write { db in for number in 0..<500 { try db.run(Sample.insert, "item \(number)", 1) } }
        store.waitUntilQuiet()
        #expect(store.closeIfIdle())
        var bytes = try Files.read(store.path)
        for index in 8192..<bytes.count { bytes[index] = 0xA5 }
        try Files.writeAtomically(store.path, bytes)
        let error = #expect(throws: StorageError.self) { try store.write { try $0.run(Sample.insert, "new", 1) } }
        #expect(error?.code == "storage.corrupt")
        #expect(try #require(store.failure).code == "storage.corrupt")
    }

    @Test func `the registry makes a store once, sweeps and closes`() throws {
        let registry = StoreRegistry(pool: pool)
        func make(_ id: Int64) -> Store {
            registry.store(id, path: folder("\(id).db"), configuration: Sample.configuration { $0.idleNanoseconds = 1_000_000_000 })
        }
        for id in 1...5 as ClosedRange<Int64> {
            #expect(make(id) === make(id))
            try make(id).write { try $0.run(Sample.insert, "one", 1) }
        }
        #expect(registry.all.map(\.id) == [1, 2, 3, 4, 5])
        #expect(registry.store(9) == nil)
        for (_, store) in registry.all { store.waitUntilQuiet() }
        let now = make(5).lastUsed
        #expect(registry.sweep(now: now) == .init(open: 5, closed: 0))
        #expect(registry.sweep(now: now, mostOpen: 4) == .init(open: 4, closed: 1))
        #expect(!make(1).isOpen && make(5).isOpen)
        #expect(registry.sweep(now: now + 1_000_000_000) == .init(open: 0, closed: 4))
        #expect(try Sample.names(make(2)) == ["one"])
        let third = make(3)
        try registry.remove(3, reason: "the business was erased")
        #expect(registry.store(3) == nil)
        #expect(throws: StorageError.closed("the business was erased")) { try third.submit(Sample.add("x")) }
        #expect(throws: StorageError.closed("the business was erased")) { try third.read { _ in } }
        registry.closeAll()
        #expect(!make(2).isOpen)
        #expect(throws: StorageError.closed("the server is stopping")) { try make(2).submit(Sample.add("x")) }
    }

    @Test func `one process owns the data folder`() throws {
        let path = folder("data")
        var owner: DataFolder? = try DataFolder(claiming: path)
        #expect(try Files.mode(path) == 0o700)
        let error = #expect(throws: StorageError.self) { try DataFolder(claiming: path) }
        #expect(error == .dataFolderLocked(path: path, process: ownProcess()))
        #expect(error?.problem.detail.contains("\(ownProcess())") == true)
        withExtendedLifetime(owner) {}
        owner = nil
        _ = try DataFolder(claiming: path)
    }
}
