import Core
import Glibc

extension Backup {
    /// Makes a file of a backup and the change log: the database as it was at an instant.
    ///
    /// The caller verifies it and removes it.
    /// - Parameters:
    ///   - target: must not be there.
    ///   - takenAfter: when the making of the backup began.
    ///   - instant: nil for as far as the log goes.
    package static func forward(
        _ backup: String, digest: String, log folder: String, takenAfter: Instant, to instant: Instant?, into target: String
    ) throws -> ChangeLog.Replay {
        guard try FileCopy.copy(backup, to: target) == digest else { throw StorageError.unsound("\(backup) is not the file that was made") }
        let replay = try ChangeLog.replay(folder, onto: target, takenAfter: takenAfter, to: instant)
        // The log's pages say "WAL", and a backup is one file.
        let db = try Connection(path: target, mode: .copy)
        defer { db.close() }
        try db.execute(script: "PRAGMA journal_mode=DELETE")
        db.close()
        try FileCopy.sync(target)
        return replay
    }
}
