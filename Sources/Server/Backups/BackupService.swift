import Core
import Ledger
import Platform
import Storage

/// Makes, checks, restores and forgets copies of the installation's databases. The catalogue is in `system.db`, the files
/// under `DATA/backups/<tenant or system>/`.
///
/// All of it waits for the disk: for workers, the housekeeping thread and the command line.
package struct BackupService: Sendable {
    /// A rhythm, and how long its copies are kept.
    package enum Tier: String, Sendable, CaseIterable {
        case hourly
        case daily
        case weekly
        case monthly
        /// On demand; kept until somebody removes it.
        case manual
        /// Before a restore or another step that is hard to undo.
        case safety

        /// nil: kept for good.
        package var daysKept: Int64? {
            switch self {
            case .hourly: 1
            case .daily: 30
            case .weekly: 90
            case .monthly: 7 * 366
            case .safety: 30
            case .manual: nil
            }
        }
    }

    let instance: Instance
    private let system: SystemStore

    package init(_ instance: Instance) {
        self.instance = instance
        system = instance.system
    }

    /// Copies a tenant's database, or the system's, and puts it into the catalogue once it was read back: SQLite's own check,
    /// and for a tenant the books. Then copies the copy to the second place, if there is one.
    /// - Returns: the copy's record, and what kept it from the second place.
    /// - Throws: `StorageError.unsound` for a copy that does not pass; nothing is kept of it.
    @discardableResult
    package func make(
        of tenant: Tenant?, tier: Tier, actor: ActingUser
    ) throws -> (record: BackupRecord, secondPlaceFailure: (any Error)?) {
        do {
            let record = try makeLocal(of: tenant, tier: tier, actor: actor)
            instance.backupLog.forgetFailure(tenantID: tenant?.id)
            do {
                try SecondPlace(instance)?.copy(record, actor: actor)
            } catch {
                instance.backupLog.noteFailure(tenantID: tenant?.id, error, at: instance.clock.now())
                return (record, error)
            }
            return (record, nil)
        } catch {
            instance.backupLog.noteFailure(tenantID: tenant?.id, error, at: instance.clock.now())
            throw error
        }
    }

    private func makeLocal(of tenant: Tenant?, tier: Tier, actor: ActingUser) throws -> BackupRecord {
        let folder = "\(instance.dataPath)/backups/\(Self.folder(tenant?.id))"
        try Files.createDirectory(folder, mode: 0o700)
        let stamp = actor.at.description.filter { $0 != ":" && $0 != "-" && $0 != "." }
        // Two in one millisecond do not overwrite each other.
        let path = "\(folder)/\(stamp)-\(tier.rawValue)-\(Digest.hex(Random.bytes(3))).db"
        if let tenant { _ = try CheckpointFile(instance, tenant).take() }
        let store = tenant?.store ?? system.store
        let rows = store.statistics.rowsChanged
        let report = try Backup.make(of: store, to: path) { db in
            if tenant != nil { try checkBooks(db, full: tier != .hourly) }
        }
        do {
            let record = try system.recordBackup(
                tenantID: tenant?.id, tier: tier.rawValue, path: path, size: report.bytes, sha256: report.digest,
                verifiedAt: instance.clock.now(), snapshotAt: report.snapshotAt.description, actor: actor)
            instance.backupLog.noteCopied(tenantID: tenant?.id, rows: rows)
            return record
        } catch {
            try? Files.remove(path)
            throw error
        }
    }

    /// Where the copies of a database lie, below `backups`.
    static func folder(_ tenantID: Int64?) -> String { tenantID.map { String($0) } ?? "system" }

    /// Reads a copy again: its digest, SQLite's check, the books.
    package func verify(_ id: Int64) throws -> BackupRecord {
        let record = try system.backup(id)
        try Backup.verify(record.path, digest: record.sha256) { db in
            if record.tenantID != nil { try checkBooks(db, full: true) }
        }
        try system.markBackupVerified(id, at: instance.clock.now())
        return try system.backup(id)
    }

    /// Puts a copy in its tenant's place: see `restore(_:from:actor:reason:swapped:)`.
    /// - Throws: 409 `backup.system`.
    package func restore(
        _ id: Int64, actor: ActingUser, reason: String, swapped: (Tenant) -> Void = { _ in }
    ) throws -> Restored {
        guard let tenantID = try system.backup(id).tenantID else {
            throw Problem(
                409, "backup.system", "The system's own database is restored with the server stopped: kontor restore.")
        }
        return try restore(
            try instance.directory.tenant(id: tenantID), from: .backup(id), actor: actor, reason: reason, swapped: swapped)
    }

    private func checkBooks(_ db: Connection, full: Bool) throws {
        let report = try db.ledger(clock: instance.clock).verify(full: full)
        guard report.isSound else {
            throw StorageError.unsound(report.problems.first?.description ?? "the books do not verify")
        }
    }
}
