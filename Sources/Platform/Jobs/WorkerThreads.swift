import Core
import Storage

/// Some threads for what waits for the outside world: the owners in turn, so that nobody's slow partner holds the others.
///
/// `@unchecked Sendable`: everything is read and written under the monitor.
final class WorkerThreads: @unchecked Sendable {
    private let name: String
    private let count: Int
    private let monitor = Monitor()
    private var waiting: [Int64: [@Sendable () -> Void]] = [:]
    private var order: [Int64] = []
    private var started = 0
    private var idle = 0
    private var isStopping = false

    /// Starts no thread before there is something to do.
    init(name: String, count: Int) {
        self.name = name
        self.count = count
    }

    func submit(owner: Int64, _ work: @escaping @Sendable () -> Void) {
        monitor.lock()
        defer { monitor.unlock() }
        if waiting[owner, default: []].isEmpty { order.append(owner) }
        waiting[owner, default: []].append(work)
        if idle > 0 {
            monitor.wakeOne()
        } else if started < count, !isStopping {
            started += 1
            Thread.start(name: "\(name)-\(started)", stackBytes: 2 << 20) { self.serve() }
        }
    }

    /// Lets nothing new begin.
    func stop() {
        monitor.locked {
            isStopping = true
            waiting = [:]
            order = []
            monitor.wakeAll()
        }
    }

    private func serve() {
        while let work = next() { work() }
    }

    private func next() -> (@Sendable () -> Void)? {
        monitor.lock()
        defer { monitor.unlock() }
        while !isStopping {
            if let owner = order.first {
                order.removeFirst()
                let work = waiting[owner]?.removeFirst()
                if waiting[owner]?.isEmpty ?? true { waiting[owner] = nil } else { order.append(owner) }
                if let work { return work }
                continue
            }
            idle += 1
            monitor.wait()
            idle -= 1
        }
        return nil
    }
}
