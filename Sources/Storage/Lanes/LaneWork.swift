/// One request that writes: what a lane runs in its turn.
///
/// The calls come in this order and on one thread: `perform`; `refused` if it threw; `finished`, once, always.
package protocol LaneWork: AnyObject, Sendable {
    /// Does the work, inside a savepoint of its own. A throw undoes it and leaves the neighbours in the turn alone.
    func perform(_ db: Connection) throws

    /// After `perform` threw and was rolled back: what should be stored all the same, such as the idempotency record.
    /// A throw undoes that too, and its error takes the place of the first.
    func refused(_ error: any Error, _ db: Connection) throws

    /// After the commit, or its failure. Must be quick: the turn's other requests wait for it.
    func finished(_ outcome: LaneOutcome)
}

package enum LaneOutcome {
    /// What `perform` did is on disk.
    case committed
    /// `perform` threw this; what `refused` did is on disk.
    case refused(any Error)
    /// Nothing may be taken as stored.
    case failed(StorageError)
}

/// A closure as lane work, and a thread that waits for it.
///
/// `@unchecked Sendable`: `value` is touched by the lane's thread only; `result` only under the monitor.
final class ClosureWork<T>: LaneWork, @unchecked Sendable {
    private let body: (Connection) throws -> T
    private let committed: ((T) -> Void)?
    private let monitor = Monitor()
    private var value: T?
    private var result: Result<T, any Error>?

    init(_ body: @escaping (Connection) throws -> T, _ committed: ((T) -> Void)? = nil) {
        self.body = body
        self.committed = committed
    }

    func perform(_ db: Connection) throws { value = try body(db) }
    func refused(_ error: any Error, _ db: Connection) {}

    func finished(_ outcome: LaneOutcome) {
        if case .committed = outcome, let value { committed?(value) }
        let result: Result<T, any Error> =
            switch outcome {
            case .committed: value.map { .success($0) } ?? .failure(StorageError.misuse("no result"))
            case .refused(let error): .failure(error)
            case .failed(let error): .failure(error)
            }
        monitor.locked {
            self.result = result
            monitor.wakeAll()
        }
    }

    func wait() throws -> T {
        monitor.lock()
        defer { monitor.unlock() }
        while true {
            if let result { return try result.get() }
            monitor.wait()
        }
    }
}
