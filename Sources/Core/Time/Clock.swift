import Glibc
import Synchronization

/// Where the time comes from: the system in production, a hand-set one in tests.
package protocol Clock: Sendable {
    func now() -> Instant
}

/// The machine's wall clock.
package struct SystemClock: Clock {
    package init() {}

    package func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// A clock that stands still until it is set.
package final class ManualClock: Clock {
    private let current: Mutex<Instant>

    package init(_ start: Instant = Instant(milliseconds: 0)) { current = Mutex(start) }

    package func now() -> Instant { current.withLock { $0 } }
    package func set(_ instant: Instant) { current.withLock { $0 = instant } }
    package func advance(milliseconds: Int64) {
        current.withLock { $0 = $0.adding(milliseconds: milliseconds) }
    }
}

/// For durations only: starts anywhere, never goes back.
package func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
