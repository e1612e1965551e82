import Core
import Storage

/// The double-entry ledger of one book, over one connection.
///
/// Writing calls belong inside a savepoint of the caller's, which must be rolled back if the call throws anything but
/// has to be kept otherwise; refusals (`LedgerError`) are decided before the first write. Reading calls work on any
/// connection, best inside a read transaction.
package struct Ledger {
    package static var migrations: [Migration] { Schema.migrations }

    let db: Connection
    let clock: any Clock
    let memory: LedgerMemory

    /// - Parameter memory: the one kept beside the write connection, for speed; a reader needs none.
    package init(_ db: Connection, clock: any Clock, memory: LedgerMemory = LedgerMemory()) {
        self.db = db
        self.clock = clock
        self.memory = memory
    }

    /// The time that the next leaf is recorded at: the clock's, but never before the last leaf's.
    func recordingTime(after head: Head) -> String { max(clock.now().description, head.recordedAt) }
}
