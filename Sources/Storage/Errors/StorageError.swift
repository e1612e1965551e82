import CSQLite
import Core

/// What can go wrong between a caller and the disk.
package enum StorageError: Error, Sendable, Equatable {
    /// The file cannot be opened, or is not a database of ours.
    case cannotOpen(path: String, reason: String)
    /// The file is damaged.
    case corrupt(String)
    /// The disk, or the file's page limit, is full; the whole turn was rolled back.
    case full
    /// A read, write or flush failed; the whole turn was rolled back.
    case inputOutput(String)
    case outOfMemory
    /// Another process holds the file, or all readers of the store stayed busy.
    case busy
    /// Stopped by `interrupt` or by a progress handler.
    case interrupted
    /// The store takes no writes until it was reopened and checked.
    case readOnly(String)
    /// COMMIT failed: nothing of the turn may be taken as stored.
    case commitFailed(String)
    /// The transaction was rolled back as a whole by something a neighbour in the turn did.
    case turnLost
    /// The lane's queue is at its limit.
    case queueFull(limit: Int)
    /// The store was closed for good, or for a restore.
    case closed(String)
    case constraint(ConstraintViolation)
    /// The authorizer, or the connection's mode, forbids the statement.
    case denied(String)
    /// A text, blob or row beyond the connection's limits.
    case tooBig
    /// Any other refusal of a statement: a mistake of ours, not of the caller.
    case statement(code: Int32, message: String, sql: String)
    /// How `Storage` was called is wrong.
    case misuse(String)

    /// The database was written by a newer binary.
    case newerSchema(room: String, number: Int)
    /// A migration that was applied earlier reads differently now.
    case migrationChanged(room: String, number: Int)
    /// A migration is older than one that was applied already, or listed twice.
    case migrationOrder(room: String, number: Int)
    /// Another process owns the data folder.
    case dataFolderLocked(path: String, process: Int32?)
    /// A copy, or a file to restore, does not pass its checks.
    case unsound(String)

    /// Clients branch on it: never renamed, never reused.
    package var code: String {
        switch self {
        case .cannotOpen: "storage.cannot_open"
        case .corrupt: "storage.corrupt"
        case .full: "storage.full"
        case .inputOutput: "storage.io"
        case .outOfMemory: "storage.out_of_memory"
        case .busy: "storage.busy"
        case .interrupted: "storage.interrupted"
        case .readOnly: "storage.read_only"
        case .commitFailed: "storage.commit_failed"
        case .turnLost: "storage.turn_lost"
        case .queueFull: "storage.busy_queue"
        case .closed: "storage.closed"
        case .constraint: "storage.constraint"
        case .denied: "storage.denied"
        case .tooBig: "storage.too_big"
        case .statement: "storage.statement"
        case .misuse: "storage.misuse"
        case .newerSchema: "storage.newer_schema"
        case .migrationChanged: "storage.migration_changed"
        case .migrationOrder: "storage.migration_order"
        case .dataFolderLocked: "storage.data_folder_locked"
        case .unsound: "storage.unsound"
        }
    }

    /// After it no statement of the turn may be trusted: the turn is rolled back.
    package var endsTurn: Bool {
        switch self {
        case .full, .inputOutput, .corrupt, .outOfMemory, .readOnly, .commitFailed, .turnLost: true
        default: false
        }
    }

    /// After it the store takes no writes until it was reopened and checked.
    package var closesStore: Bool {
        switch self {
        case .inputOutput, .corrupt, .commitFailed: true
        default: false
        }
    }
}

extension StorageError: ProblemConvertible {
    package var problem: Problem {
        if case .constraint(let violation) = self { return violation.problem(code: code) }
        return Problem(status, code, detail, headers: retryAfterSeconds.map { [("Retry-After", $0)] } ?? [])
    }

    private var status: Int {
        switch self {
        case .full: 507
        case .queueFull: 429
        case .denied, .tooBig: 422
        case .statement, .misuse: 500
        case .constraint(let violation): violation.status
        default: 503
        }
    }

    private var retryAfterSeconds: String? {
        switch self {
        case .queueFull, .readOnly, .commitFailed, .turnLost, .busy, .closed: "1"
        default: nil
        }
    }

    private var detail: String {
        switch self {
        case .cannotOpen(let path, let reason): "The database \(path) cannot be opened: \(reason)."
        case .corrupt(let what): "The database is damaged (\(what)); restore it from a backup."
        case .full: "The disk is full; nothing was stored."
        case .inputOutput(let what): "The disk failed (\(what)); nothing was stored."
        case .outOfMemory: "There is not enough memory; nothing was stored."
        case .busy: "The database is in use; try again."
        case .interrupted: "The work was stopped before it was done."
        case .readOnly(let why): "The business takes no changes until its database was checked (\(why)); try again."
        case .commitFailed(let what):
            "The change could not be made durable (\(what)); look whether it is there before you try again."
        case .turnLost: "Another change in the same group undid this one; try again."
        case .queueFull(let limit): "\(limit) changes are waiting already; try again."
        case .closed(let why): "The database is closed: \(why)."
        case .constraint(let violation): violation.detail
        case .denied(let what): "Not allowed here: \(what)."
        case .tooBig: "A value is larger than the database takes."
        case .statement(_, let message, _): "A statement failed: \(message)."
        case .misuse(let what): "Storage was used wrongly: \(what)."
        case .newerSchema(let room, let number):
            "The database holds \(room) migration \(number), which this version does not know: use the newer version."
        case .migrationChanged(let room, let number):
            "The \(room) migration \(number) is not the one that was applied to this database."
        case .migrationOrder(let room, let number):
            "The \(room) migration \(number) comes after a later one, or twice."
        case .dataFolderLocked(let path, let process):
            "\(process.map { "Process \($0)" } ?? "Another process") owns \(path): stop it first, or use its server."
        case .unsound(let what): "The copy is not sound: \(what)."
        }
    }
}

extension StorageError: CustomStringConvertible {
    package var description: String {
        if case .statement(let code, let message, let sql) = self {
            return "storage.statement (\(code)): \(message) in \(sql)"
        }
        return "\(code): \(detail)"
    }
}

extension StorageError {
    /// From an extended result code of SQLite.
    init(code: Int32, message: String, sql: String) {
        switch code & 0xff {
        case SQLITE_FULL: self = .full
        case SQLITE_IOERR: self = code == ioNoMemory ? .outOfMemory : .inputOutput("\(message), \(code)")
        case SQLITE_NOMEM: self = .outOfMemory
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt(message)
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: self = .busy
        case SQLITE_INTERRUPT: self = .interrupted
        case SQLITE_READONLY: self = .denied(message)
        case SQLITE_AUTH: self = .denied(message)
        case SQLITE_TOOBIG: self = .tooBig
        case SQLITE_CONSTRAINT: self = .constraint(ConstraintViolation(code: code, message: message))
        default: self = .statement(code: code, message: message, sql: sql)
        }
    }
}

private let ioNoMemory = SQLITE_IOERR | (12 << 8)
