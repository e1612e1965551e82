import Core
import Glibc
import Ledger
import Platform
import Server
import Storage
import Synchronization

/// What has to be done from time to time while serving: close idle databases, forget old sessions and keys, expire holds,
/// back up what has changed, begin a new log file.
///
/// Threads of their own, so that a long backup does not keep idle databases open, nor a mail server that does not answer either of them. What fails is tried again the next time, and logged.
final class Housekeeping: Sendable {
    private let instance: Instance
    private let application: Application
    private let log: ServerLog
    private let backupMinutes: Int
    private let isStopping = Atomic(false)
    private static let sweepMilliseconds: Int64 = 1_000
    private static let expiryMinutes = 5
    private static let alertSeconds = 60
    private static let careMilliseconds: Int64 = 300_000
    private static let holdsInTurn = 100

    init(_ house: House, log: ServerLog, backupEveryMinutes: Int) {
        instance = house.instance
        application = house.application
        self.log = log
        backupMinutes = backupEveryMinutes
    }

    func start() {
        Thread.start(name: "sweep", stackBytes: 512 << 10) { [self] in
            loop(every: Self.sweepMilliseconds) {
                instance.sweepIdle()
                application.sweep()
            }
        }
        Thread.start(name: "alerts", stackBytes: 1 << 20) { [self] in
            var seconds = Self.alertSeconds - 5  // soon after the start
            loop(every: 1_000) {
                seconds += 1
                if seconds < Self.alertSeconds { return instance.alerts.settle() }
                seconds = 0
                attempt("alerts") { try application.alertWatch.look() }
            }
        }
        Thread.start(name: "care", stackBytes: 1 << 20) { [self] in
            loop(every: Self.careMilliseconds) {
                attempt("maintenance") { try maintain() }
            }
        }
        Thread.start(name: "tidy", stackBytes: 2 << 20) { [self] in
            var minutes = 0
            let books = BookWatch()
            loop(every: 60_000) {
                minutes += 1
                attempt("log") { try log.beginAnewIfLarge() }
                for tenant in instance.directory.all where !isOver {
                    attempt("book_check", tenant) { try books.look(at: tenant, clock: instance.clock) }
                }
                // Not each minute: a database that is written to is not idle, and would never be closed.
                if minutes % Self.expiryMinutes == 0 {
                    instance.sweepExpired()
                    for tenant in instance.directory.all where tenant.store.isOpen && tenant.readOnlyMark == nil && !isOver {
                        attempt("holds", tenant) { try expireHolds(tenant) }
                    }
                }
                if backupMinutes > 0 {
                    for tenant in instance.directory.all where !isOver {
                        attempt("change_log", tenant) { try ChangeLog.pack(instance.changeLogFolder(ofTenant: tenant.id)) { isOver } }
                    }
                    backUp()
                }
            }
        }
    }

    /// Lets nothing new begin.
    func stop() {
        isStopping.store(true, ordering: .releasing)
    }

    private var isOver: Bool { isStopping.load(ordering: .acquiring) }

    /// Ends the holds whose time is over, a hundred in a turn.
    private func expireHolds(_ tenant: Tenant) throws {
        let clock = instance.clock
        var count = 0
        repeat {
            count = try tenant.store.write { db in
                try db.ledger(clock: clock).expireHolds(limit: Self.holdsInTurn, actor: LedgerActor(id: 0, label: "service")).count
            }
        } while count == Self.holdsInTurn && !isOver
    }

    /// Copies what is due, which is looked for each minute: a server that is often started again copies as well.
    private func backUp() {
        let service = BackupService(instance)
        var isAny = false
        for tenant in [nil] + instance.directory.all.map(Optional.some) where !isOver {
            attempt("backup", tenant) {
                guard let tier = try service.due(tenant, everyMinutes: backupMinutes) else { return }
                isAny = true
                let made = try service.make(of: tenant, tier: tier, actor: .service(at: instance.now))
                if let failure = made.secondPlaceFailure { throw failure }
            }
        }
        if isAny { attempt("backup") { try service.prune(now: instance.now) } }
    }

    /// One business after the other, whose night it is.
    private func maintain() throws {
        let care = DatabaseCare(instance) { [weak self] in self?.isOver ?? true }
        for tenant in try care.due(now: instance.now) where !isOver {
            attempt("maintenance", tenant) {
                let wasOpen = tenant.store.isOpen
                defer { if !wasOpen { tenant.store.closeIfIdle() } }
                try tenant.loadWritability()
                guard tenant.readOnlyMark == nil else { return }
                log.maintained(try care.run(tenant, actor: .service(at: instance.now)))
            }
        }
    }

    private func attempt(_ what: String, _ tenant: Tenant? = nil, _ body: () throws -> Void) {
        do {
            try body()
        } catch {
            log.failed(what, tenant: tenant?.id, error)
        }
    }

    private func loop(every milliseconds: Int64, _ body: () -> Void) {
        var waited: Int64 = 0
        while !isOver {
            usleep(100_000)
            waited += 100
            if waited >= milliseconds {
                waited = 0
                body()
            }
        }
    }
}
