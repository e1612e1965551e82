import Core
import Glibc

/// A lock with a condition to wait for.
///
/// `@unchecked Sendable`: the two C objects are made for use from many threads and live as long as this.
package final class Monitor: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init() {
        pthread_mutex_init(mutex, nil)
        Self.begin(condition)
    }

    fileprivate static func begin(_ condition: UnsafeMutablePointer<pthread_cond_t>) {
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func lock() { pthread_mutex_lock(mutex) }
    package func unlock() { pthread_mutex_unlock(mutex) }

    /// Gives the lock up while it waits. May wake without cause.
    package func wait() { pthread_cond_wait(condition, mutex) }

    /// - Parameter deadline: on `monotonicNanoseconds`.
    /// - Returns: false when the deadline passed.
    package func wait(until deadline: UInt64) -> Bool {
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
    }

    /// Waits for one that is woken alone.
    func wait(at place: Place) { pthread_cond_wait(place.condition, mutex) }
    func wake(_ place: Place) { pthread_cond_signal(place.condition) }

    /// - Parameter deadline: on `monotonicNanoseconds`.
    func wait(at place: Place, until deadline: UInt64) {
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        pthread_cond_timedwait(place.condition, mutex, &time)
    }

    /// Where one thread waits.
    ///
    /// `@unchecked Sendable`: the C object is made for use from many threads and lives as long as this.
    final class Place: @unchecked Sendable {
        fileprivate let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

        init() { Monitor.begin(condition) }

        deinit {
            pthread_cond_destroy(condition)
            condition.deallocate()
        }
    }

    package func wakeOne() { pthread_cond_signal(condition) }
    package func wakeAll() { pthread_cond_broadcast(condition) }

    package func locked<T>(_ body: () throws -> T) rethrows -> T {
        lock()
        defer { unlock() }
        return try body()
    }
}
