import Core
import Glibc
import Synchronization

/// Lets a few threads hash passwords at a time: each hash takes 64 MiB and a core for a tenth of a second.
package final class PasswordGate: Sendable {
    private let cost: Password.Cost
    private let waitersAllowed: Int
    private let waiting = Mutex(0)
    // Made in `init`, destroyed in `deinit`; a POSIX semaphore is for use by many threads.
    private nonisolated(unsafe) let places: UnsafeMutablePointer<sem_t>
    private let nobody = Mutex<String?>(nil)

    /// - Parameters:
    ///   - places: hashes at the same time.
    ///   - waitersAllowed: threads that may wait for a place; more are refused.
    init(places: Int = 2, waitersAllowed: Int = 64, cost: Password.Cost = .standard) {
        self.cost = cost
        self.waitersAllowed = waitersAllowed
        self.places = .allocate(capacity: 1)
        sem_init(self.places, 0, UInt32(places))
    }

    deinit {
        sem_destroy(places)
        places.deallocate()
    }

    /// The text form of the password's hash. Takes a tenth of a second: never on a lane.
    /// - Throws: 503 `auth.busy`.
    package func hash(_ password: String) throws -> String { try pass { try Password.hash(password, cost: cost) } }

    package func verify(_ password: String, _ hash: String) throws -> Bool { try pass { Password.verify(password, hash) } }

    /// Costs what `verify` costs, for names that nobody has.
    func verifyNothing(_ password: String) throws {
        let known = nobody.withLock { $0 }
        guard let known else {
            // The first time making the hash takes the place of comparing with it.
            let made = try hash(Random.token())
            return nobody.withLock { $0 = made }
        }
        _ = try verify(password, known)
    }

    func needsRehash(_ hash: String) -> Bool { Password.needsRehash(hash, cost: cost) }

    private func pass<T>(_ body: () throws -> T) throws -> T {
        let mayWait = waiting.withLock { waiting in
            guard waiting < waitersAllowed else { return false }
            waiting += 1
            return true
        }
        guard mayWait else {
            throw Problem(
                503, "auth.busy", "Too many people are signing in at this moment; try again.", headers: [("Retry-After", "2")])
        }
        while sem_wait(places) != 0 {}
        waiting.withLock { $0 -= 1 }
        defer { sem_post(places) }
        return try body()
    }
}
