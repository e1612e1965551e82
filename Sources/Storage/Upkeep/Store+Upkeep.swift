import Core

extension Store {
    /// Runs `body` with the writer between two turns, outside any transaction, on the calling thread. Reads go on; changes wait
    /// until it returns, so it should stop soon when `isWanted` says that one does.
    ///
    /// - Throws: what keeps the store from being opened or from writing; what `body` throws.
    package func betweenTurns<T>(_ body: (_ db: Connection, _ isWanted: @escaping () -> Bool) throws -> T) throws -> T {
        guard !LanePool.isLaneThread else { throw StorageError.misuse("a lane that waits for a lane") }
        while true {
            try ensureOpen()
            monitor.lock()
            while isOwned { monitor.wait() }
            switch phase {
            case .open:
                isOwned = true
                monitor.unlock()
            case .failed(let error, _, _):
                monitor.unlock()
                throw error
            case .suspended(let why):
                monitor.unlock()
                throw StorageError.closed(why)
            case .closed, .closing:
                monitor.unlock()
                continue
            }
            break
        }
        defer { if disown() { pool.schedule(self) } }
        guard let writer else { throw StorageError.misuse("an open store without a writer") }
        defer {
            // No row has changed, so that what was read before still holds.
            writer.written = .none
            writer.endStatements()
            monitor.locked { lastUse = monotonicNanoseconds() }
        }
        do {
            return try body(writer) { [self] in monitor.locked { !queue.isEmpty || waitingForQuiet > 0 } }
        } catch {
            writer.fatal = nil
            // As after a turn: a failing disk closes the store until it was checked.
            if let error = error as? StorageError, error.closesStore { noteFailure(error) }
            throw error
        }
    }
}
