import Core

extension Store {
    /// Runs `body` with a read connection, in a read transaction begun now: it sees all that was committed before, and
    /// one moment of the database throughout. Never waits for a writer.
    ///
    /// Not to be nested: each level takes one of the store's few read connections.
    /// - Parameter isUse: false for those who look each minute: else a store would never be idle, and never closed.
    /// - Throws: `.busy` when no connection became free; what keeps the store from being opened; what `body` throws.
    package func read<T>(isUse: Bool = true, _ body: (Connection) throws -> T) throws -> T {
        let db = try takeReader()
        defer { giveBack(db, isUse: isUse) }
        db.fatal = nil
        try db.run(Connection.beginDeferred)
        do {
            let result = try body(db)
            db.endStatements()
            try db.run(Connection.commit)
            return result
        } catch {
            db.undo()
            throw error
        }
    }

    private func takeReader() throws(StorageError) -> Connection {
        let deadline = monotonicNanoseconds() + configuration.readerWaitNanoseconds
        try ensureOpen()
        // A lane that reads during its turn goes first: whoever waits for quiet waits for that turn too.
        let goesFirst = LanePool.isLaneThread
        monitor.lock()
        while true {
            if waitingForQuiet == 0 || goesFirst {
                guard isReadable else {  // closed again since
                    monitor.unlock()
                    try ensureOpen()
                    monitor.lock()
                    continue
                }
                if let reader = idleReaders.popLast() {
                    readersOut += 1
                    monitor.unlock()
                    return reader
                }
                if readersOut < configuration.readers { break }
            }
            if !monitor.wait(until: deadline) {
                monitor.unlock()
                throw .busy
            }
        }
        readersOut += 1
        monitor.unlock()
        do {
            return try makeReader()
        } catch {
            giveBack(nil, isUse: false)
            throw error
        }
    }

    private func makeReader() throws(StorageError) -> Connection {
        do {
            let reader = try Connection(path: path, mode: .reader, options: configuration.options)
            try configuration.openedReader?(reader)
            reader.times = configuration.statementTimes
            return reader
        } catch {
            throw error as? StorageError ?? .cannotOpen(path: path, reason: "\(error)")
        }
    }

    /// Runs `body` with a read connection of its own, beside the store's few: for backups and long exports.
    package func readAlone<T>(isUse: Bool = true, _ body: (Connection) throws -> T) throws -> T {
        try ensureOpen()
        monitor.lock()
        guard waitingForQuiet == 0, isReadable else {
            monitor.unlock()
            throw StorageError.busy
        }
        guestsOut += 1
        monitor.unlock()
        defer {
            monitor.locked {
                guestsOut -= 1
                if isUse { lastUse = monotonicNanoseconds() }
                monitor.wakeAll()
            }
        }
        let reader = try makeReader()
        defer { reader.close() }
        return try reader.transaction(.deferred) { try body(reader) }
    }

    private func giveBack(_ reader: Connection?, isUse: Bool) {
        let now = monotonicNanoseconds()
        monitor.lock()
        readersOut -= 1
        if let reader {
            // One that met a damaged or failing file starts afresh next time.
            if reader.fatal == nil { idleReaders.append(reader) }
        }
        if isUse { lastUse = now }
        monitor.wakeAll()
        monitor.unlock()
    }

    private var isReadable: Bool {
        switch phase {
        case .open: true
        case .failed(_, _, let isReadable): isReadable
        case .closed, .closing, .suspended: false
        }
    }

    /// Opens the store if it is closed, on the calling thread: a thread that waited for a lane's thread could wait for
    /// one that waits for it.
    package func ensureOpen() throws(StorageError) {
        monitor.lock()
        while true {
            switch phase {
            case .open:
                monitor.unlock()
                return
            case .suspended(let why):
                monitor.unlock()
                throw .closed(why)
            case .failed(let error, let at, let isReadable):
                if isReadable || monotonicNanoseconds() < at + configuration.reopenNanoseconds {
                    monitor.unlock()
                    if isReadable { return }
                    throw error
                }
            case .closed, .closing: break
            }
            if !isOwned { break }
            monitor.wait()
        }
        isOwned = true
        monitor.unlock()
        defer { if disown() { pool.schedule(self) } }
        try openWriter()
    }
}
