import Core

// What the lane's threads do.

extension Store {
    func runTurn() -> Bool {
        guard tryOwn() else { return false }
        do throws(StorageError) {
            try openWriter()
            if let writer { serveQueue(writer) }
        } catch {
            answerQueue(with: error)
        }
        return disown()
    }

    private func serveQueue(_ db: Connection) {
        var turn = Turn(db)
        var failure: StorageError?
        let rowsBefore = db.totalChanges
        do throws(StorageError) {
            try turn.begin()
            let started = monotonicNanoseconds()
            while let work = next(served: turn.count, started: started) { try turn.serve(work) }
            let at = changeLog == nil ? nil : configuration.clock.now()
            try turn.commit()
            if let at { noteCommit(db, at: at) }
        } catch {
            failure = error
            turn.undo(error)
        }
        gathering.ended(served: turn.count)
        note(turn, failed: failure != nil, rows: db.totalChanges - rowsBefore, of: db)
        // Before the answers, so that whoever got one finds the store as it is now.
        if let failure, failure.closesStore { noteFailure(failure) }
        turn.answer()
        if let failure, turn.count == 0 { answerQueue(with: failure) }
        if failure == nil { checkpointIfDue(db) }
    }

    /// The next work of the turn; nil ends it.
    private func next(served: Int, started: UInt64) -> (any LaneWork)? {
        if served >= configuration.groupLimit { return nil }
        if served > 0, monotonicNanoseconds() - started >= configuration.turnNanoseconds { return nil }
        monitor.lock()
        defer { monitor.unlock() }
        if queue.isEmpty { gather(served: served) }
        return queue.popFirst()
    }

    /// Waits for a work as long as the turn may. Under the monitor, which it gives up while it waits.
    private func gather(served: Int) {
        let patience = gathering.patience(served: served)
        guard patience > 0 else { return }
        let began = monotonicNanoseconds()
        isGathering = true
        while isGathering, monotonicNanoseconds() < began + patience {
            monitor.wait(at: gatheringPlace, until: began + patience)
        }
        isGathering = false
        gathering.note(waited: monotonicNanoseconds() - began)
    }

    /// Before the answers: whoever got one finds what it had read of these tables out of date.
    private func note(_ turn: Turn, failed: Bool, rows: Int, of db: Connection) {
        // Of a commit that failed it is not known what is stored.
        let tables: TableSet = failed ? .all : rows > 0 || db.written == .all ? db.written : TableSet.none
        db.written = TableSet.none
        monitor.locked {
            changes.note(tables)
            counts.rowsChanged += rows
            counts.turns += 1
            counts.largestGroup = max(counts.largestGroup, turn.count)
            counts.committed += turn.committed
            counts.refused += turn.refused
            counts.failed += turn.count - turn.committed - turn.refused
            if failed { counts.lostTurns += 1 }
            lastUse = monotonicNanoseconds()
        }
    }

    /// All that wait get the same answer.
    func answerQueue(with error: StorageError) {
        let works = monitor.locked {
            let works = queue.takeAll()
            counts.failed += works.count
            return works
        }
        for work in works { work.finished(.failed(error)) }
    }

    /// Between turns and after their answers, so that no commit waits inside for a checkpoint.
    private func checkpointIfDue(_ db: Connection) {
        if db.walFrames < checkpointedFrames { checkpointedFrames = 0 }  // the log began anew
        let due = db.walFrames - checkpointedFrames
        let limit = configuration.checkpointFrames
        guard due >= limit || (due >= limit / 4 && !gathering.isBusy && queued == 0) else { return }
        checkpointedFrames = db.walFrames
        do {
            try db.checkpoint(.passive)
            monitor.locked { counts.checkpoints += 1 }
        } catch {
            db.fatal = nil
            // A full disk is told by the next commit; the log keeps what the file does not have yet.
            if error.closesStore { noteFailure(error) }
        }
    }
}
