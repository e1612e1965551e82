import Glibc
import Storage

/// Work for a `WorkPool`. It must answer its caller itself; nothing it does may escape as a trap.
package protocol PooledWork: AnyObject, Sendable {
    func run()
}

/// Threads with 2 MB stacks that serve bounded queues, one per owner, in turn.
///
/// One owner (a tenant) never holds all threads while others wait, and its queue fills without filling theirs.
package final class WorkPool: Sendable {
    package struct Configuration: Sendable {
        package var threads: Int
        /// Most threads that serve one owner at a time.
        package var threadsPerOwner: Int
        /// Waiting work of one owner beyond which more is refused.
        package var queuePerOwner: Int

        package init(threads: Int, threadsPerOwner: Int, queuePerOwner: Int) {
            self.threads = max(1, threads)
            self.threadsPerOwner = max(1, threadsPerOwner)
            self.queuePerOwner = max(1, queuePerOwner)
        }
    }

    private let state: State

    package init(_ name: String, _ configuration: Configuration) {
        state = State(name: name, configuration)
        state.start()
    }

    deinit {
        state.stop(wait: false)
    }

    /// - Returns: false when the owner's queue is full or the pool is stopped; the work then never runs.
    package func submit(_ work: any PooledWork, owner: Int64) -> Bool {
        state.submit(work, owner: owner)
    }

    /// Work that waits, of all owners.
    package var waiting: Int { state.waiting }

    /// Takes no more work, finishes what waits, and returns when the last thread has ended.
    package func stop() {
        state.stop(wait: true)
    }
}

/// Safe to share: every stored property but the constants is read and written with `mutex` held.
private final class State: @unchecked Sendable {
    private final class Owner {
        let id: Int64
        var queue: [any PooledWork] = []
        var head = 0
        var running = 0
        /// Whether it stands in `ready`.
        var isListed = false
        init(_ id: Int64) { self.id = id }
        var isEmpty: Bool { head == queue.count }

        func next() -> any PooledWork {
            let work = queue[head]
            head += 1
            if head == queue.count {
                queue.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 64 {
                queue.removeFirst(head)
                head = 0
            }
            return work
        }
    }

    let name: String
    let configuration: WorkPool.Configuration
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var owners: [Int64: Owner] = [:]
    private var ready: [Owner] = []
    private var readyHead = 0
    private var count = 0
    private var isStopped = false
    /// Threads that have not ended.
    private var alive = 0

    init(name: String, _ configuration: WorkPool.Configuration) {
        self.name = name
        self.configuration = configuration
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        changed = .allocate(capacity: 1)
        changed.initialize(to: pthread_cond_t())
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(changed)
        mutex.deallocate()
        changed.deallocate()
    }

    var waiting: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return count
    }

    func start() {
        alive = configuration.threads
        for index in 0..<configuration.threads {
            Thread.start(name: "\(name)-\(index)", stackBytes: 2 << 20) { [self] in serve() }
        }
    }

    func submit(_ work: any PooledWork, owner id: Int64) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if isStopped { return false }
        let owner: Owner
        if let known = owners[id] {
            owner = known
        } else {
            owner = Owner(id)
            owners[id] = owner
        }
        guard owner.queue.count - owner.head < configuration.queuePerOwner else { return false }
        owner.queue.append(work)
        count += 1
        list(owner)
        pthread_cond_signal(changed)
        return true
    }

    func stop(wait: Bool) {
        pthread_mutex_lock(mutex)
        isStopped = true
        pthread_cond_broadcast(changed)
        while wait && alive > 0 { pthread_cond_wait(changed, mutex) }
        pthread_mutex_unlock(mutex)
    }

    func serve() {
        pthread_mutex_lock(mutex)
        while true {
            while readyHead == ready.count {
                // Work may wait while its owner has no thread to spare; whoever finishes lists it again.
                if isStopped && count == 0 {
                    alive -= 1
                    pthread_cond_broadcast(changed)
                    pthread_mutex_unlock(mutex)
                    return
                }
                pthread_cond_wait(changed, mutex)
            }
            let owner = ready[readyHead]
            readyHead += 1
            if readyHead == ready.count {
                ready.removeAll(keepingCapacity: true)
                readyHead = 0
            } else if readyHead >= 64 {
                ready.removeFirst(readyHead)
                readyHead = 0
            }
            owner.isListed = false
            let work = owner.next()
            owner.running += 1
            count -= 1
            list(owner)
            pthread_mutex_unlock(mutex)
            work.run()
            pthread_mutex_lock(mutex)
            owner.running -= 1
            if owner.isEmpty {
                if owner.running == 0 { owners[owner.id] = nil }
                if isStopped && count == 0 { pthread_cond_broadcast(changed) }
            } else if !owner.isListed {
                list(owner)
                pthread_cond_signal(changed)
            }
        }
    }

    private func list(_ owner: Owner) {
        guard !owner.isListed, !owner.isEmpty, owner.running < configuration.threadsPerOwner else { return }
        owner.isListed = true
        ready.append(owner)
    }
}
