import Glibc
import Storage

/// A work made of closures that keeps its outcome for whoever waits.
final class Work: LaneWork, @unchecked Sendable {
    private let body: (Connection) throws -> Void
    private let onRefusal: (any Error, Connection) throws -> Void
    private let onFinish: (LaneOutcome) -> Void
    private let signal = Gate()
    private var kept: LaneOutcome?

    init(
        _ body: @escaping (Connection) throws -> Void,
        refused: @escaping (any Error, Connection) throws -> Void = { _, _ in },
        finished: @escaping (LaneOutcome) -> Void = { _ in }
    ) {
        self.body = body
        onRefusal = refused
        onFinish = finished
    }

    func perform(_ db: Connection) throws { try body(db) }
    func refused(_ error: any Error, _ db: Connection) throws { try onRefusal(error, db) }

    func finished(_ outcome: LaneOutcome) {
        onFinish(outcome)
        kept = outcome
        signal.open()
    }

    /// Waits until the work was answered.
    var outcome: LaneOutcome {
        signal.wait()
        return kept!
    }

    var isCommitted: Bool { if case .committed = outcome { true } else { false } }

    var failure: StorageError? { if case .failed(let error) = outcome { error } else { nil } }

    var refusal: (any Error)? { if case .refused(let error) = outcome { error } else { nil } }
}

/// Closed until it is opened, then open for good.
final class Gate: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func open() { sem_post(semaphore) }

    func wait() {
        while sem_wait(semaphore) != 0 {}
        sem_post(semaphore)
    }
}

struct Refusal: Error, Equatable { var reason = "no" }

/// A lane that is held up by a work until it is let go, so that what is submitted meanwhile meets in one turn.
final class HeldLane {
    private let entered = Gate()
    private let released = Gate()
    let work: Work

    init(_ store: Store) throws {
        let (entered, released) = (entered, released)
        // Also let go when the store cannot be opened, so that the work never runs.
        work = Work(
            { _ in
                entered.open()
                released.wait()
            }, finished: { _ in entered.open() })
        try store.submit(work)
        entered.wait()
    }

    func release() { released.open() }
}

enum Sample {
    static let schema = Migration(
        room: "sample", number: 1, name: "items",
        sql: """
            CREATE TABLE items (
              id    INTEGER PRIMARY KEY,
              name  TEXT NOT NULL UNIQUE,
              price INTEGER NOT NULL CHECK (price >= 0),
              kind  INTEGER REFERENCES kinds (id) DEFERRABLE INITIALLY DEFERRED
            ) STRICT;
            CREATE TABLE kinds (id INTEGER PRIMARY KEY) STRICT;
            """)
    static let insert = SQL("INSERT INTO items (name, price) VALUES (?, ?)")
    static let insertKind = SQL("INSERT INTO items (name, price, kind) VALUES (?, 1, ?)")
    static let names = SQL("SELECT name FROM items ORDER BY id")
    static let count = SQL("SELECT count(*) FROM items")

    static func configuration(_ change: (inout StoreConfiguration) -> Void = { _ in }) -> StoreConfiguration {
        var configuration = StoreConfiguration(migrations: [schema])
        // Turns end by their own means, however slow the machine is.
        configuration.turnNanoseconds = 60_000_000_000
        change(&configuration)
        return configuration
    }

    static func names(_ store: Store) throws -> [String] { try store.read { try $0.query(names) { $0.text(0) } } }

    static func add(_ name: String, price: Int = 1) -> Work { Work { try $0.run(insert, name, price) } }
}
