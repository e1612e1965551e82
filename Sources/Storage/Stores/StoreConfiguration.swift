import Core

/// How a store behaves. The defaults are `DESIGN.md`'s.
package struct StoreConfiguration: Sendable {
    /// Applied, in this order, whenever the file is opened.
    package var migrations: [Migration] = []
    package var options = Connection.Options()

    /// Works that may wait; one more is refused with `.queueFull`.
    package var queueLimit = 256
    /// Works in one turn.
    package var groupLimit = 256
    /// After it a turn takes no further work.
    package var turnNanoseconds: UInt64 = 20_000_000
    /// The most that a turn waits for more works where many come at a time, so that one commit holds them: see `Gathering`.
    package var gatherNanoseconds: UInt64 = 1_000_000
    /// Read connections at the same time; one more reader waits.
    package var readers = 4
    /// How long a reader waits for a connection before it gets `.busy`.
    package var readerWaitNanoseconds: UInt64 = 30_000_000_000
    /// Frames (of 4 KiB) that the WAL may gather before the lane checkpoints, between turns; a quarter of them when
    /// nothing waits and few come at a time. See the room's README.
    package var checkpointFrames = 4000
    /// The least time between two attempts to reopen a store that failed.
    package var reopenNanoseconds: UInt64 = 1_000_000_000
    /// Closed by `StoreRegistry.sweep` after so long without use.
    package var idleNanoseconds: UInt64 = 60_000_000_000
    /// Never closed for idleness.
    package var staysOpen = false
    package var clock: any Clock = SystemClock()
    /// Whether and where a log of all changes is kept, to bring copies forward by; nil for no log.
    package var changeLog: ChangeLog.Configuration?
    /// Takes how long statements took; nil for nobody.
    package var statementTimes: StatementTimes?

    /// Called with the writer whenever the store was opened and migrated, before its first use.
    package var opened: (@Sendable (Connection) throws -> Void)?
    /// Called with each new read connection before its first use.
    package var openedReader: (@Sendable (Connection) throws -> Void)?
    /// Called with the writer when it is opened again after a failure, beside SQLite's own check of the file; a throw
    /// keeps the store read-only.
    package var check: (@Sendable (Connection) throws -> Void)?

    package init() {}
    package init(migrations: [Migration]) { self.migrations = migrations }
}

/// What a store's lane has done since the process began.
package struct LaneStatistics: Sendable, Equatable {
    package var turns = 0
    package var committed = 0
    package var refused = 0
    package var failed = 0
    package var largestGroup = 0
    package var checkpoints = 0
    package var lostTurns = 0
    /// Rows inserted, updated and deleted, those of turns that failed among them.
    package var rowsChanged = 0
}
