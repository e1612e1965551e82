import Core

/// One database file: its lane, which alone writes, and its readers. Opened at first use, closed when idle.
///
/// `@unchecked Sendable`: what is marked so is read and written under the monitor; the writer belongs to whoever set
/// `isOwned` under the monitor, and to nobody else until they cleared it.
package final class Store: Lane, @unchecked Sendable {
    package let path: String
    package let configuration: StoreConfiguration
    let pool: LanePool
    let monitor = Monitor()

    // Under the monitor.
    var phase = Phase.closed
    var queue = FIFO<any LaneWork>()
    var isScheduled = false
    var isOwned = false
    /// Threads that wait for the owner or the last reader to go; new readers stand back for them.
    var waitingForQuiet = 0
    var idleReaders: [Connection] = []
    var readersOut = 0
    /// Read connections beside the pool.
    var guestsOut = 0
    var lastUse: UInt64 = 0
    var counts = LaneStatistics()
    var changes = ChangeCounts()
    /// Whether a turn waits at `gatheringPlace` for more works.
    var isGathering = false
    let gatheringPlace = Monitor.Place()

    // The owner's.
    var writer: Connection?
    var checkpointedFrames = 0
    var gathering: Gathering
    var changeLog: ChangeLogWriter?
    /// Commits to the WAL that the change log knows of.
    private var loggedCommits = 0

    enum Phase {
        case closed, open, closing
        /// - Parameter isReadable: the file was opened and sound before; it takes no writes until it was checked.
        case failed(StorageError, at: UInt64, isReadable: Bool)
        case suspended(String)
    }

    /// Opens nothing yet.
    package init(path: String, configuration: StoreConfiguration = StoreConfiguration(), pool: LanePool) {
        self.path = path
        self.configuration = configuration
        self.pool = pool
        gathering = Gathering(mostNanoseconds: configuration.gatherNanoseconds)
    }

    // MARK: Writing

    /// Puts the work into the lane's queue and returns; `work.finished` tells the rest.
    /// - Throws: `.queueFull`; `.closed` while it is suspended; what keeps the store from being opened, or `.readOnly`,
    ///   within a second of a failure.
    package func submit(_ work: any LaneWork) throws(StorageError) {
        let now = monotonicNanoseconds()
        monitor.lock()
        if let refusal = refusalOfWrites(at: now) {
            monitor.unlock()
            throw refusal
        }
        if queue.count >= configuration.queueLimit {
            monitor.unlock()
            throw .queueFull(limit: configuration.queueLimit)
        }
        queue.append(work)
        lastUse = now
        let schedules = !isScheduled && !isOwned
        if schedules { isScheduled = true }
        let joins = isGathering
        isGathering = false
        monitor.unlock()
        if joins { monitor.wake(gatheringPlace) }
        if schedules { pool.schedule(self) }
    }

    /// Runs `body` in the lane and waits until it is on disk. For the command line and tests: a request submits.
    ///
    /// - Parameter committed: called in the lane right after the commit, before its next turn; must be quick.
    package func write<T>(
        _ body: @escaping @Sendable (Connection) throws -> T, committed: (@Sendable (T) -> Void)? = nil
    ) throws -> T {
        guard !LanePool.isLaneThread else { throw StorageError.misuse("a lane that waits for a lane") }
        let work = ClosureWork(body, committed)
        try submit(work)
        return try work.wait()
    }

    private func refusalOfWrites(at now: UInt64) -> StorageError? {
        switch phase {
        case .suspended(let why): return .closed(why)
        case .failed(let error, let at, let isReadable):
            guard now < at + configuration.reopenNanoseconds else { return nil }
            return isReadable ? .readOnly(error.code) : error
        case .closed, .open, .closing: return nil
        }
    }

    // MARK: State

    package var isOpen: Bool { monitor.locked { if case .open = phase { true } else { false } } }

    /// Why it takes no writes at the moment; nil when it does or may.
    package var failure: StorageError? { monitor.locked { if case .failed(let error, _, _) = phase { error } else { nil } } }

    /// For who keeps what it read: see `ChangeStamp`.
    package func changeStamp(of tables: TableSet) -> ChangeStamp { monitor.locked { changes.stamp(of: tables) } }

    package var statistics: LaneStatistics { monitor.locked { counts } }
    /// Whether a turn waits for more works before it commits.
    package var isGatheringWorks: Bool { monitor.locked { isGathering } }
    package var queued: Int { monitor.locked { queue.count } }
    /// Threads that wait for turns and reads to end.
    package var waitersForQuiet: Int { monitor.locked { waitingForQuiet } }
    /// On `monotonicNanoseconds`; 0 if it never was.
    package var lastUsed: UInt64 { monitor.locked { lastUse } }

    // MARK: The owner of the writer

    /// Takes the writer if it is free; the lane's threads do not wait for it.
    func tryOwn() -> Bool {
        monitor.lock()
        defer { monitor.unlock() }
        isScheduled = false
        if isOwned || waitingForQuiet > 0 { return false }
        isOwned = true
        return true
    }

    /// Gives the writer back.
    /// - Returns: whether the lane has to be scheduled, which is then the caller's to do.
    func disown() -> Bool {
        monitor.lock()
        defer { monitor.unlock() }
        isOwned = false
        monitor.wakeAll()
        guard !queue.isEmpty, !isScheduled else { return false }
        isScheduled = true
        return true
    }

    /// Opens the writer, which the caller owns, or checks it after a failure, unless it is ready.
    func openWriter() throws(StorageError) {
        let before = monitor.locked { phase }
        if case .open = before { return }
        do {
            if let writer { try checkAgain(writer) } else { writer = try makeWriter(before) }
            monitor.locked { phase = .open }
        } catch {
            let error = error as? StorageError ?? .cannotOpen(path: path, reason: "\(error)")
            noteFailure(error)
            throw error
        }
    }

    private func makeWriter(_ before: Phase) throws -> Connection {
        changeLog = openChangeLog()
        let db = try Connection(path: path, mode: .writer, options: configuration.options)
        if let changeLog { db.beforeCheckpoint = { [unowned db] in changeLog.keep(frames: db.walFrames) } }
        // What a process that ended left in the log may be there only in the system's memory, after a flush that
        // failed: it is brought into the file and flushed with it before anything is written after it.
        try db.checkpoint(.truncate)
        if case .failed = before { try checkSoundness(db) }
        try Migrations.apply(configuration.migrations, to: db, clock: configuration.clock) {
            try Backup.keepBeforeMigration(db, at: self.configuration.clock.now())
        }
        try configuration.opened?(db)
        db.times = configuration.statementTimes
        db.fatal = nil
        db.endStatements()
        checkpointedFrames = 0
        loggedCommits = db.walCommits
        let migrated = db.written
        monitor.locked { changes.note(migrated) }
        db.written = .none
        return db
    }

    /// A log that cannot be kept does not keep the business from working: copies are still made.
    private func openChangeLog() -> ChangeLogWriter? {
        guard let log = configuration.changeLog else { return nil }
        do {
            if log.isKept { return try ChangeLogWriter(path, log, clock: configuration.clock) }
            if Files.isDirectory(log.folder) { try ChangeLog.noteHole(log.folder, at: configuration.clock.now(), "no log was kept") }
        } catch {
            try? ChangeLog.noteHole(log.folder, at: configuration.clock.now(), "\(error)")
        }
        return nil
    }

    /// After a turn's commit.
    /// - Parameter at: from before it.
    func noteCommit(_ db: Connection, at: Instant) {
        guard db.walCommits != loggedCommits else { return }
        loggedCommits = db.walCommits
        changeLog?.committed(frames: db.walFrames, at: at)
    }

    /// After a turn that failed. The connection stays: its next commit overwrites what the failed one left in the log,
    /// which a new connection would take for committed, although it may never get to the disk.
    private func checkAgain(_ db: Connection) throws {
        db.fatal = nil
        defer { db.fatal = nil }
        try db.checkpoint(.passive)
        try checkSoundness(db)
        db.endStatements()
    }

    private func checkSoundness(_ db: Connection) throws {
        if let fault = try db.soundness(full: false).first { throw StorageError.corrupt(fault) }
        try configuration.check?(db)
    }

    /// The store takes no writes until it was checked. Reads go on if the file was opened, unless it is damaged.
    func noteFailure(_ error: StorageError) {
        let now = monotonicNanoseconds()
        let isOpened = writer != nil
        monitor.locked {
            var isReadable = isOpened
            if case .corrupt = error { isReadable = false }
            phase = .failed(error, at: now, isReadable: isReadable)
        }
    }
}
