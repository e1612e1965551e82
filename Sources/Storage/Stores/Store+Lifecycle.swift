import Core

extension Store {
    /// Closes the file if it was not used since `deadline`, nothing waits and nobody reads.
    /// - Returns: whether it was closed now.
    @discardableResult
    package func closeIfIdle(since deadline: UInt64 = .max) -> Bool {
        monitor.lock()
        guard case .open = phase, !isOwned, queue.isEmpty, readersOut + guestsOut == 0, lastUse <= deadline else {
            monitor.unlock()
            return false
        }
        isOwned = true
        phase = .closing
        monitor.unlock()
        closeAll(then: .closed)
        if disown() { pool.schedule(self) }
        return true
    }

    /// Waits until no turn is running and nobody reads. Both may begin again at once.
    package func waitUntilQuiet() {
        monitor.locked { while isOwned || readersOut + guestsOut > 0 { monitor.wait() } }
    }

    /// Puts what was committed so far into the change log, which usually waits for the next checkpoint.
    package func keepChanges() throws(StorageError) {
        guard !LanePool.isLaneThread else { throw StorageError.misuse("a lane that waits for a lane") }
        monitor.lock()
        while isOwned { monitor.wait() }
        if case .suspended(let why) = phase {
            monitor.unlock()
            throw .closed(why)
        }
        isOwned = true
        monitor.unlock()
        writer?.beforeCheckpoint?()
        if disown() { pool.schedule(self) }
    }

    /// Waits until what runs now is done, closes the file, and keeps it closed while `body` works on it; requests get
    /// `.closed(reason)` meanwhile, those in the queue wait.
    ///
    /// - Parameter refusesQueue: those in the queue get `.closed(reason)` too: they were let in on what stood in the file.
    package func whileClosed<T>(_ reason: String, refusesQueue: Bool = false, _ body: () throws -> T) throws -> T {
        guard !LanePool.isLaneThread else { throw StorageError.misuse("a lane that waits for a lane") }
        try suspend(reason)
        defer { resume() }
        if refusesQueue { answerQueue(with: .closed(reason)) }
        return try body()
    }

    /// Closes the file for good: what waits and what comes gets `.closed(reason)`.
    package func retire(_ reason: String) throws(StorageError) {
        try suspend(reason)
        answerQueue(with: .closed(reason))
        // Stays suspended and owned: nobody opens it any more.
    }

    private func suspend(_ reason: String) throws(StorageError) {
        monitor.lock()
        waitingForQuiet += 1
        while isOwned || readersOut + guestsOut > 0 {
            if case .suspended(let why) = phase {
                waitingForQuiet -= 1
                monitor.unlock()
                throw .closed(why)
            }
            monitor.wait()
        }
        waitingForQuiet -= 1
        isOwned = true
        phase = .closing
        monitor.unlock()
        closeAll(then: .suspended(reason))
    }

    private func resume() {
        monitor.locked {
            phase = .closed
            changes.note(.all)
            counts.rowsChanged += 1
        }
        if disown() { pool.schedule(self) }
    }

    /// Readers first, so that the writer is the last and brings the log into the file.
    private func closeAll(then next: Phase) {
        let readers = monitor.locked {
            defer { idleReaders = [] }
            return idleReaders
        }
        for reader in readers { reader.close() }
        if let writer { writer.beforeCheckpoint?() }
        writer?.close()
        writer = nil
        changeLog?.end()
        changeLog = nil
        monitor.locked { phase = next }
    }
}
