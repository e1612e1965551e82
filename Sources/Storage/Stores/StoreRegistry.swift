import CBridge
import Core

/// The stores of one process by number: made once each, opened at first use, closed when idle.
///
/// `@unchecked Sendable`: the table is read and written under the monitor.
package final class StoreRegistry: @unchecked Sendable {
    private let monitor = Monitor()
    private var stores: [Int64: Store] = [:]
    package let pool: LanePool

    package init(pool: LanePool) { self.pool = pool }

    package func store(_ id: Int64) -> Store? { monitor.locked { stores[id] } }

    /// The store under that number, made now if it is not there; opens nothing.
    package func store(
        _ id: Int64, path: @autoclosure () -> String, configuration: @autoclosure () -> StoreConfiguration
    ) -> Store {
        monitor.locked {
            if let store = stores[id] { return store }
            let store = Store(path: path(), configuration: configuration(), pool: pool)
            stores[id] = store
            return store
        }
    }

    /// Closes the store for good and forgets it; its file stays. Waits for what runs there.
    package func remove(_ id: Int64, reason: String) throws(StorageError) {
        guard let store = monitor.locked({ stores.removeValue(forKey: id) }) else { return }
        try store.retire(reason)
    }

    package var all: [(id: Int64, store: Store)] {
        monitor.locked { stores.map { ($0.key, $0.value) } }.sorted { $0.0 < $1.0 }
    }

    package struct Sweep: Sendable, Equatable {
        package var open = 0
        package var closed = 0

        package init(open: Int = 0, closed: Int = 0) {
            self.open = open
            self.closed = closed
        }
    }

    /// Closes what was not used for its idle time, and the longest unused beyond `mostOpen`. One housekeeping thread
    /// calls it every few seconds.
    /// - Parameter now: on `monotonicNanoseconds`.
    @discardableResult
    package func sweep(now: UInt64 = monotonicNanoseconds(), mostOpen: Int = 1000) -> Sweep {
        var sweep = Sweep()
        var open: [(lastUse: UInt64, store: Store)] = []
        for (_, store) in all where store.isOpen && !store.configuration.staysOpen {
            let idle = store.configuration.idleNanoseconds
            if now >= idle, store.closeIfIdle(since: now - idle) {
                sweep.closed += 1
            } else {
                open.append((store.lastUsed, store))
            }
        }
        sweep.open = open.count
        let excess = max(0, open.count - mostOpen)
        for (_, store) in open.sorted(by: { $0.lastUse < $1.lastUse }).prefix(excess) where store.closeIfIdle() {
            sweep.closed += 1
            sweep.open -= 1
        }
        // The pages and schemas of closed stores lie scattered, and would be kept for the next ones.
        if sweep.closed > 0 { kontor_trim_memory() }
        return sweep
    }

    /// Closes every store once what runs there is done. Further requests are refused.
    package func closeAll(_ reason: String = "the server is stopping") {
        for (_, store) in all {
            // Only a store that somebody else retires at the same moment refuses.
            do { try store.retire(reason) } catch { continue }
        }
    }
}
