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
        /// Threads without a lane. The last to wait is the first to go: its memory is warm, and few threads hold the loaded
        /// programs of a tenant that is busy alone.
        private var waiting: [Monitor.Place] = []
        private var isStopping = false

        func schedule(_ lane: any Lane) {
            monitor.lock()
            ready.append(lane)
            let place = waiting.popLast()
            monitor.unlock()
            if let place { monitor.wake(place) }
        }

        func stop() {
            monitor.locked {
                isStopping = true
                for place in waiting { monitor.wake(place) }
                waiting = []
            }
        }

        func serve() {
            pthread_setspecific(laneThreadKey, UnsafeRawPointer(bitPattern: 1))
            // The lane is let go outside the lock: it may be the last to hold its store, and that the pool.
            let place = Monitor.Place()
            var unfinished: (any Lane)?
            while let lane = next(place, after: unfinished) {
                unfinished = lane.runTurn() ? lane : nil
            }
        }

        /// Waits for a lane; nil when the pool is stopping.
        /// - Parameter lane: has more to do and goes behind the others. Nobody is woken for it: this thread takes one.
        private func next(_ place: Monitor.Place, after lane: (any Lane)?) -> (any Lane)? {
            monitor.lock()
            defer { monitor.unlock() }
            if let lane { ready.append(lane) }
            while true {
                if let lane = ready.popFirst() { return lane }
                if isStopping { return nil }
                if !waiting.contains(where: { $0 === place }) { waiting.append(place) }
                monitor.wait(at: place)
            }
        }
    }
}

private let laneThreadKey: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
}()
