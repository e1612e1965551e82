import CBridge
import CSQLite
import Core
import Glibc

/// What a backup is, for the caller's catalogue.
package struct BackupReport: Sendable, Equatable {
    package let path: String
    package let bytes: Int64
    /// SHA-256 of the file, in hexadecimal.
    package let digest: String
    package let takenAt: Instant
    /// By then the moment of which it is had come: it has nothing that was committed later.
    package let snapshotAt: Instant
    package let milliseconds: Int64
}

/// Copies of databases: one plain file each, that was opened and checked before it got its name.
package enum Backup {
    /// Pages done and pages in all.
    package typealias Progress = (_ done: Int, _ total: Int) throws -> Void

    /// Copies the store as it is at this moment while others go on reading and writing it.
    ///
    /// - Parameters:
    ///   - path: replaced only by a copy that passed SQLite's integrity check, the foreign keys and `check`.
    ///   - check: looks at the copy; a throw discards it.
    ///   - progress: called about every 4 MiB; a throw ends the copying.
    package static func make(
        of store: Store, to path: String, check: ((Connection) throws -> Void)? = nil, progress: Progress? = nil
    ) throws -> BackupReport {
        let started = monotonicNanoseconds()
        let takenAt = store.configuration.clock.now()
        let temporary = "\(path).\(Random.reference()).tmp"
        defer { remove(temporary) }
        var snapshotAt = takenAt
        try store.readAlone { db in
            _ = try db.integer(pageCount)
            snapshotAt = store.configuration.clock.now()
            try copyPages(of: db, to: temporary, progress)
        }
        try verify(temporary, check: check)
        let digest = try FileCopy.digest(temporary)
        let bytes = try Files.size(temporary)
        try Files.rename(temporary, to: path)
        return BackupReport(
            path: path, bytes: bytes, digest: digest, takenAt: takenAt, snapshotAt: snapshotAt,
            milliseconds: Int64((monotonicNanoseconds() - started) / 1_000_000))
    }

    /// Whether the file is a sound database of ours.
    /// - Parameter digest: what its SHA-256 must be.
    /// - Throws: `.unsound` with the first thing found; what `check` throws.
    package static func verify(
        _ path: String, digest: String? = nil, check: ((Connection) throws -> Void)? = nil
    ) throws {
        if let digest, try FileCopy.digest(path) != digest { throw StorageError.unsound("\(path) is not the file that was made") }
        let db = try Connection(path: path, mode: .reader)
        defer { db.close() }
        do {
            guard try db.integer(applicationID) == Connection.applicationID else {
                throw StorageError.unsound("\(path) belongs to another program")
            }
            if let fault = try db.soundness(full: true).first { throw StorageError.unsound(fault) }
        } catch StorageError.corrupt(let what) {
            throw StorageError.unsound(what)
        }
        try check?(db)
    }

    /// SHA-256 of a file, in hexadecimal.
    package static func digest(_ path: String) throws -> String { try FileCopy.digest(path) }

    /// A second place for a backup: copies it there, reads it back and compares.
    /// - Parameter digest: of the backup, from its report.
    /// - Throws: `.unsound` when what was read back differs.
    package static func copy(_ backup: String, digest: String, toSecondPlace path: String) throws {
        let temporary = "\(path).\(Random.reference()).tmp"
        defer { remove(temporary) }
        guard try FileCopy.copy(backup, to: temporary) == digest, try FileCopy.digest(temporary) == digest
        else { throw StorageError.unsound("the copy at \(path) differs from \(backup)") }
        try Files.rename(temporary, to: path)
    }

    // MARK: Copying pages

    private static let applicationID = SQL("PRAGMA application_id")
    private static let pageCount = SQL("PRAGMA page_count")

    /// `source` is in a read transaction, so that the copy is of one moment.
    private static func copyPages(of source: Connection, to path: String, _ progress: Progress?) throws {
        _ = try source.integer(pageCount)
        let target = try Connection(path: path, mode: .copy)
        defer { target.close() }
        guard let backup = sqlite3_backup_init(target.handle, "main", source.handle, "main") else {
            throw target.failure(sqlite3_errcode(target.handle), "backup")
        }
        var code = SQLITE_OK
        do {
            while code == SQLITE_OK {
                code = sqlite3_backup_step(backup, 1024)
                let total = Int(sqlite3_backup_pagecount(backup))
                try progress?(total - Int(sqlite3_backup_remaining(backup)), total)
            }
        } catch {
            sqlite3_backup_finish(backup)
            throw error
        }
        code = sqlite3_backup_finish(backup)
        try target.check(code, "backup")
        // The pages say "WAL", and a backup is one file.
        try target.execute(script: "PRAGMA journal_mode=DELETE")
        target.close()
        try FileCopy.sync(path)
    }

    /// The copy that is kept of a database before it is migrated; it takes the place of the one before.
    static func keepBeforeMigration(_ db: Connection, at now: Instant) throws {
        let folder = Files.parent(db.path)
        let stem = "\(db.path.split(separator: "/").last ?? "").before-migration-"
        let former = try Files.list(folder).filter { $0.hasPrefix(stem) }
        let path = "\(folder)/\(stem)\(now.description.filter { $0 != ":" })"
        let temporary = "\(path).tmp"
        defer { remove(temporary) }
        remove(temporary)
        try copyPages(of: db, to: temporary, nil)
        try Files.rename(temporary, to: path)
        for name in former where "\(folder)/\(name)" != path { try Files.remove("\(folder)/\(name)") }
    }

    /// What is left of a copy that was given up; the next one has another name.
    private static func remove(_ temporary: String) {
        for suffix in ["", "-journal", "-wal", "-shm"] { unlink(temporary + suffix) }
    }
}
