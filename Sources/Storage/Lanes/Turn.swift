/// One group commit: the works of a turn, each in its own savepoint, and their answers after the commit.
struct Turn {
    private let db: Connection
    private var served: [(work: any LaneWork, outcome: LaneOutcome)] = []
    private(set) var committed = 0
    private(set) var refused = 0

    init(_ db: Connection) { self.db = db }

    var count: Int { served.count }

    func begin() throws(StorageError) {
        db.fatal = nil
        try db.run(Connection.beginImmediate)
    }

    /// - Throws: when the turn as a whole is lost; the work is among those to answer then.
    mutating func serve(_ work: any LaneWork) throws(StorageError) {
        served.append((work, .committed))
        do {
            try isolated { try work.perform(db) }
            committed += 1
        } catch {
            try checkAlive()
            served[served.count - 1].outcome = .refused(try refuse(work, error))
            refused += 1
        }
    }

    private func refuse(_ work: any LaneWork, _ error: any Error) throws(StorageError) -> any Error {
        do {
            try isolated { try work.refused(error, db) }
            return error
        } catch let second {
            try checkAlive()
            return second
        }
    }

    private func isolated(_ body: () throws -> Void) throws {
        try db.run(Connection.savepoint)
        do {
            try body()
            db.endStatements()
            try checkAlive()
            if db.hasOpenForeignKeys {
                throw StorageError.constraint(ConstraintViolation(kind: .foreignKey, table: nil, columns: [], name: nil))
            }
            try db.run(Connection.release)
        } catch {
            db.endStatements()
            db.undoToSavepoint()
            throw error
        }
    }

    /// A full disk, a failed read or a statement that rolls back ends the transaction of all, also if a work caught it.
    private func checkAlive() throws(StorageError) {
        if let fatal = db.fatal { throw fatal }
        if !db.inTransaction { throw .turnLost }
    }

    func commit() throws(StorageError) {
        do throws(StorageError) {
            try db.run(Connection.commit)
        } catch {
            // A full disk is known to have stored nothing; of anything else it is not known.
            if error == .full { throw error }
            throw .commitFailed(error.description)
        }
    }

    /// Rolls everything back: all works of the turn have failed.
    mutating func undo(_ error: StorageError) {
        db.undo()
        db.fatal = nil
        for index in served.indices { served[index].outcome = .failed(error) }
        committed = 0
        refused = 0
    }

    func answer() {
        for (work, outcome) in served { work.finished(outcome) }
    }
}
