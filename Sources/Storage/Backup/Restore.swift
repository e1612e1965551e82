import Core
import Glibc

package enum Restore {
    /// Puts a backup in the store's place, with the store closed for the moment of the change.
    ///
    /// The backup is verified, copied beside the store and compared first, so that a failure leaves the store as it
    /// was; the former file is kept.
    /// - Parameters:
    ///   - digest: the backup's SHA-256 from the catalogue, in hexadecimal.
    ///   - check: looks at the backup; a throw leaves everything as it was.
    /// - Returns: where the former file is now; nil if there was none.
    @discardableResult
    package static func restore(
        _ backup: String, digest: String? = nil, into store: Store, at now: Instant,
        check: ((Connection) throws -> Void)? = nil
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
        return try store.whileClosed("it is being restored") {
            let exists = Files.exists(store.path)
            // A log that the store could not bring into its file belongs to the former file.
            if Files.exists("\(store.path)-wal") { try Files.rename("\(store.path)-wal", to: "\(former)-wal") }
            try Files.remove("\(store.path)-shm")
            if exists { try Files.rename(store.path, to: former) }
            do {
                try Files.rename(fresh, to: store.path)
            } catch {
                if exists { try Files.rename(former, to: store.path) }
                if Files.exists("\(former)-wal") { try Files.rename("\(former)-wal", to: "\(store.path)-wal") }
                throw error
            }
            return exists ? former : nil
        }
    }
}
