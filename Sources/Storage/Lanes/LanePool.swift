import Core
import Glibc

/// What a lane thread serves: one turn at a time, by one thread at a time.
protocol Lane: AnyObject, Sendable {
    /// - Returns: whether there is more to do.
    func runTurn() -> Bool
}

/// The threads that serve the lanes in turn, so that a slow tenant does not hold its neighbours.
package final class LanePool: Sendable {
    private let shared = Shared()

    /// - Parameters:
    ///   - threads: how many turns may run at the same time.
    ///   - stackBytes: of each thread.
    package init(threads: Int = 8, stackBytes: Int = 2 << 20) {
        for number in 1...max(1, threads) {
            let shared = shared
            Thread.start(name: "lane-\(number)", stackBytes: stackBytes) { shared.serve() }
        }
    }

    deinit { shared.stop() }

    /// Ends the threads once no lane has anything to do.
    package func stop() { shared.stop() }

    func schedule(_ lane: any Lane) { shared.schedule(lane) }

    /// Whether the caller is one of a pool's threads, which must not wait for another lane.
    static var isLaneThread: Bool { pthread_getspecific(laneThreadKey) != nil }

    /// Lanes with something to do, in the order in which they had it.
    ///
    /// `@unchecked Sendable`: everything is read and written under the monitor.
    private final class Shared: @unchecked Sendable {
        private let monitor = Monitor()
        private var ready = FIFO<any Lane>()
        private var waiting = 0
        private var isStopping = false

        func schedule(_ lane: any Lane) {
            monitor.lock()
            ready.append(lane)
            if waiting > 0 { monitor.wakeOne() }
            monitor.unlock()
        }

        func stop() {
            monitor.locked {
                isStopping = true
                monitor.wakeAll()
            }
        }

        func serve() {
            pthread_setspecific(laneThreadKey, UnsafeRawPointer(bitPattern: 1))
            // The lane is let go outside the lock: it may be the last to hold its store, and that the pool.
            while let lane = next() {
                if lane.runTurn() { schedule(lane) }
            }
        }

        /// Waits for a lane; nil when the pool is stopping.
        private func next() -> (any Lane)? {
            monitor.lock()
            defer { monitor.unlock() }
            while true {
                if let lane = ready.popFirst() { return lane }
                if isStopping { return nil }
                waiting += 1
                monitor.wait()
                waiting -= 1
            }
        }
    }
}

private let laneThreadKey: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
}()
