import Glibc
import Server
import Synchronization
import Testing

@Suite struct WorkPoolTests {
    /// Runs a closure, and tells when it has.
    private final class Task: PooledWork {
        private let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        func run() { body() }
    }

    /// Opens once; until then, whoever waits waits.
    private final class Gate: @unchecked Sendable {
        private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        init() { sem_init(semaphore, 0, 0) }
        func open() { sem_post(semaphore) }
        func pass() {
            sem_wait(semaphore)
            sem_post(semaphore)
        }
        func wait() { sem_wait(semaphore) }
        deinit {
            sem_destroy(semaphore)
            semaphore.deallocate()
        }
    }

    @Test func `everything that was taken runs before the pool has stopped`() {
        let pool = WorkPool("test", .init(threads: 3, threadsPerOwner: 2, queuePerOwner: 1_000))
        let done = Mutex(0)
        var taken = 0
        for index in 0..<600 where pool.submit(Task { done.withLock { $0 += 1 } }, owner: Int64(index % 7)) { taken += 1 }
        pool.stop()
        #expect(taken == 600)
        #expect(done.withLock { $0 } == 600)
        #expect(!pool.submit(Task {}, owner: 1))
    }

    @Test func `an owner never holds more threads than its share and the others are served meanwhile`() {
        let pool = WorkPool("test", .init(threads: 3, threadsPerOwner: 2, queuePerOwner: 100))
        let gate = Gate()
        let running = Mutex((now: 0, most: 0))
        for _ in 0..<10 {
            #expect(
                pool.submit(
                    Task {
                        running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                        gate.pass()
                        running.withLock { $0.now -= 1 }
                    }, owner: 1))
        }
        let served = Gate()
        #expect(pool.submit(Task { served.open() }, owner: 2))
        served.wait()  // hangs if owner 1 holds all three threads
        gate.open()
        pool.stop()
        #expect(running.withLock { $0.most } <= 2)
    }

    @Test func `a full queue refuses its own owner and nobody else`() {
        let pool = WorkPool("test", .init(threads: 1, threadsPerOwner: 1, queuePerOwner: 2))
        let gate = Gate()
        let started = Gate()
        #expect(
            pool.submit(
                Task {
                    started.open()
                    gate.pass()
                }, owner: 1))
        started.wait()
        #expect(pool.submit(Task {}, owner: 1))
        #expect(pool.submit(Task {}, owner: 1))
        #expect(!pool.submit(Task {}, owner: 1))
        #expect(pool.submit(Task {}, owner: 2))
        #expect(pool.waiting == 3)
        gate.open()
        pool.stop()
        #expect(pool.waiting == 0)
    }

    @Test func `work of several owners is served in turn`() {
        let pool = WorkPool("test", .init(threads: 1, threadsPerOwner: 1, queuePerOwner: 100))
        let gate = Gate()
        let started = Gate()
        let order = Mutex<[Int64]>([])
        _ = pool.submit(
            Task {
                started.open()
                gate.pass()
            }, owner: 9)
        started.wait()
        for _ in 0..<4 { _ = pool.submit(Task { order.withLock { $0.append(1) } }, owner: 1) }
        for _ in 0..<2 { _ = pool.submit(Task { order.withLock { $0.append(2) } }, owner: 2) }
        gate.open()
        pool.stop()
        #expect(order.withLock { $0 } == [1, 2, 1, 2, 1, 1])
    }
}
