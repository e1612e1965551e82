import Glibc

/// A count that threads wait for.
///
/// Safe to share: the system's semaphore is made for it, and its memory lives as long as the object.
package final class Semaphore: @unchecked Sendable {
    private let raw = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    package init(_ count: UInt32 = 0) {
        sem_init(raw, 0, count)
    }

    deinit {
        sem_destroy(raw)
        raw.deallocate()
    }

    package func signal() {
        sem_post(raw)
    }

    package func wait() {
        while sem_wait(raw) != 0 && errno == EINTR {}
    }
}
