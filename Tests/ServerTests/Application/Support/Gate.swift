import Glibc

/// Holds whoever comes until it is opened.
final class Gate: @unchecked Sendable {
    // Safe to share: the system's semaphores are made for it.
    private let arrived = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let leave = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        sem_init(arrived, 0, 0)
        sem_init(leave, 0, 0)
    }

    func pass() {
        sem_post(arrived)
        sem_wait(leave)
        sem_post(leave)
    }

    func awaitArrival() { sem_wait(arrived) }
    func open() { sem_post(leave) }

    deinit {
        for semaphore in [arrived, leave] {
            sem_destroy(semaphore)
            semaphore.deallocate()
        }
    }
}
