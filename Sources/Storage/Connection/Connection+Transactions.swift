import CSQLite

extension Connection {
    package enum TransactionKind: Sendable {
        /// Takes its snapshot with the first read; the only kind for a reader.
        case deferred
        /// Takes the write lock at once.
        case immediate
    }

    static let beginDeferred = SQL("BEGIN")
    static let beginImmediate = SQL("BEGIN IMMEDIATE")
    static let commit = SQL("COMMIT")
    static let rollback = SQL("ROLLBACK")
    // One name for all: RELEASE and ROLLBACK TO mean the innermost.
    static let savepoint = SQL("SAVEPOINT w")
    static let release = SQL("RELEASE w")
    static let rollbackToSavepoint = SQL("ROLLBACK TO w")

    /// Runs `body` in a transaction of its own: kept if it returns, undone if it throws.
    package func transaction<T>(_ kind: TransactionKind = .immediate, _ body: () throws -> T) throws -> T {
        guard !inTransaction else { throw StorageError.misuse("a transaction inside a transaction") }
        fatal = nil
        try run(kind == .immediate ? Self.beginImmediate : Self.beginDeferred)
        do {
            let result = try body()
            endStatements()
            if let fatal { throw fatal }
            try run(Self.commit)
            return result
        } catch {
            undo()
            throw error
        }
    }

    /// Runs `body` so that a throw undoes what it did and nothing else. Can be nested.
    ///
    /// Some failures (`StorageError.endsTurn`, an interrupt) undo the whole transaction: there is nothing to return to
    /// then, and whoever owns the transaction finds out.
    package func savepoint<T>(_ body: () throws -> T) throws -> T {
        try run(Self.savepoint)
        do {
            let result = try body()
            try run(Self.release)
            return result
        } catch {
            undoToSavepoint()
            throw error
        }
    }

    /// Goes back to the innermost savepoint and forgets it. A failure to do so ends the turn.
    func undoToSavepoint() {
        guard inTransaction else { return }
        do {
            try run(Self.rollbackToSavepoint)
            try run(Self.release)
        } catch {
            if fatal == nil { fatal = error.endsTurn ? error : .turnLost }
        }
    }

    /// Rolls back whatever transaction is open. SQLite may have done so already.
    func undo() {
        endStatements()
        guard inTransaction else { return }
        do { try run(Self.rollback) } catch { if fatal == nil { fatal = error } }
    }

    // MARK: The write-ahead log

    package enum CheckpointKind: Sendable {
        /// Copies what it can without waiting for anyone.
        case passive
        /// Waits for readers, copies everything and empties the log.
        case truncate
    }

    /// Brings pages from the log into the file. Only for the writer, outside a transaction.
    /// - Returns: frames in the log, and how many of them are in the file now.
    @discardableResult
    package func checkpoint(_ kind: CheckpointKind) throws(StorageError) -> (frames: Int, copied: Int) {
        guard mode == .writer else { throw .misuse("a checkpoint by a connection that is not the writer") }
        beforeCheckpoint?()
        var frames: Int32 = 0
        var copied: Int32 = 0
        let mode = kind == .passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE
        try check(sqlite3_wal_checkpoint_v2(handle, nil, mode, &frames, &copied), "checkpoint")
        return (Int(frames), Int(copied))
    }

    // MARK: Upkeep

    private static let quickCheck = SQL("PRAGMA quick_check(10)")
    private static let integrityCheck = SQL("PRAGMA integrity_check(10)")
    private static let foreignKeyCheck = SQL("PRAGMA foreign_key_check")

    /// What is wrong with the file; empty when it is sound. Reads the whole file.
    /// - Parameter full: also compares tables with their indexes, and follows the foreign keys.
    package func soundness(full: Bool) throws -> [String] {
        var found = try query(full ? Self.integrityCheck : Self.quickCheck) { $0.text(0) }.filter { $0 != "ok" }
        if full {
            try each(Self.foreignKeyCheck) { row in
                found.append("\(row.text(0)) row \(row.int(1)) refers to a missing row of \(row.text(2))")
                return found.count < 20
            }
        }
        return found
    }

    /// Rewrites the file without its free pages. Takes as much disk again while it runs.
    package func vacuum() throws(StorageError) {
        let limit = sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 1)
        defer { sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, limit) }
        try execute(script: "VACUUM")
    }
}
