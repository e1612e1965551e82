import Core
import Glibc

package enum Restore {
    /// Puts a backup in the store's place, with the store closed for the moment of the change.
    ///
    /// The backup is verified, copied beside the store and compared first, so that a failure leaves the store as it
    /// was; the former file is kept. At no moment is there no file at the store's path: a crash in between leaves the
    /// former one there, or the backup.
    /// - Parameters:
    ///   - digest: the backup's SHA-256 from the catalogue, in hexadecimal.
    ///   - check: looks at the backup; a throw leaves everything as it was.
    ///   - swapped: called once the backup is in place, before anybody can read or write it: for whoever keeps something
    ///     of the former one in memory.
    /// - Returns: where the former file is now; nil if there was none.
    @discardableResult
    package static func restore(
        _ backup: String, digest: String? = nil, into store: Store, at now: Instant,
        check: ((Connection) throws -> Void)? = nil, swapped: () -> Void = {}
    ) throws -> String? {
        try Backup.verify(backup, digest: digest, check: check)
        let fresh = "\(store.path).restoring"
        let former = "\(store.path).before-restore-\(now.description.filter { $0 != ":" })"
        try Files.remove(fresh)
        defer { unlink(fresh) }
        let copied = try FileCopy.copy(backup, to: fresh)
        guard try FileCopy.digest(fresh) == copied, digest == nil || digest == copied else {
            throw StorageError.unsound("the copy of \(backup) differs from it")
        }
        return try store.whileClosed("it is being restored", refusesQueue: true) {
            let exists = Files.exists(store.path)
            if exists { try Files.link(store.path, to: former) }
            // A log that the store could not bring into its file belongs to the former file, and must not meet the new one.
            if Files.exists("\(store.path)-wal") {
                try Files.link("\(store.path)-wal", to: "\(former)-wal")
                try Files.syncDirectory(Files.parent(former))
                try Files.remove("\(store.path)-wal")
            }
            try Files.remove("\(store.path)-shm")
            do {
                try Files.rename(fresh, to: store.path)
            } catch {
                // The first error is the one to tell; what is not put back lies beside, and whole.
                if Files.exists("\(former)-wal") { try? Files.rename("\(former)-wal", to: "\(store.path)-wal") }
                if exists { try? Files.remove(former) }
                throw error
            }
            if let log = store.configuration.changeLog, Files.isDirectory(log.folder) {
                // What cannot be noted here is found by the check of whatever is brought forward across it.
                try? ChangeLog.noteHole(log.folder, at: now, "another file took the database's place")
            }
            swapped()
            return exists ? former : nil
        }
    }
}
