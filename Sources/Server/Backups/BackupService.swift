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
    /// and for a tenant the books.
    /// - Throws: `StorageError.unsound` for a copy that does not pass; nothing is kept of it.
    package func make(of tenant: Tenant?, tier: Tier, actor: ActingUser) throws -> BackupRecord {
        let folder = "\(instance.dataPath)/backups/\(tenant.map { String($0.id) } ?? "system")"
        try Files.createDirectory("\(instance.dataPath)/backups", mode: 0o700)
        try Files.createDirectory(folder, mode: 0o700)
        let stamp = actor.at.description.filter { $0 != ":" && $0 != "-" && $0 != "." }
        // Two in one millisecond do not overwrite each other.
        let path = "\(folder)/\(stamp)-\(tier.rawValue)-\(Digest.hex(Random.bytes(3))).db"
        if let tenant { _ = try CheckpointFile(instance, tenant).take() }
        let report = try Backup.make(of: tenant?.store ?? system.store, to: path) { db in
            if tenant != nil { try checkBooks(db, full: tier != .hourly) }
        }
        do {
            return try system.recordBackup(
                tenantID: tenant?.id, tier: tier.rawValue, path: path, size: report.bytes, sha256: report.digest,
                verifiedAt: instance.clock.now(), actor: actor)
        } catch {
            try? Files.remove(path)
            throw error
        }
    }

    /// Reads a copy again: its digest, SQLite's check, the books.
    package func verify(_ id: Int64) throws -> BackupRecord {
        let record = try system.backup(id)
        try Backup.verify(record.path, digest: record.sha256) { db in
            if record.tenantID != nil { try checkBooks(db, full: true) }
        }
        try system.markBackupVerified(id, at: instance.clock.now())
        return try system.backup(id)
    }

    /// Puts a copy in a tenant's place. Its database as it was is copied first, and kept beside as well; other tenants go on.
    /// - Returns: the safety copy's record, and where the former file is.
    /// - Parameter swapped: called once the tenant stands on the copy, for whoever keeps something of it in memory.
    package func restore(
        _ id: Int64, actor: ActingUser, reason: String, swapped: (Tenant) -> Void = { _ in }
    ) throws -> (safety: BackupRecord?, former: String?) {
        let record = try system.backup(id)
        guard let tenantID = record.tenantID else {
            throw Problem(
                409, "backup.system", "The system's own database is restored with the server stopped: kontor restore.")
        }
        let tenant = try instance.directory.tenant(id: tenantID)
        // A damaged database cannot be copied; the former file stays in any case.
        let safety = try? make(of: tenant, tier: .safety, actor: actor)
        let former = try Restore.restore(record.path, digest: record.sha256, into: tenant.store, at: instance.clock.now()) {
            try checkBooks($0, full: true)
        }
        tenant.rest()
        swapped(tenant)
        _ = try tenant.store.write { db in
            try Audit.append(
                db, actor, "tenant.restored", object: ("backup", id),
                after: ["taken_at": .string(record.createdAt), "sha256": .string(record.sha256)], reason: reason)
        }
        // The chain outside goes on from here; what it says of before stays in its file.
        _ = try CheckpointFile(instance, tenant).take()
        return (safety, former)
    }

    /// Removes copies whose time is over, but never the newest verified one of a database.
    /// - Returns: how many.
    @discardableResult
    package func prune(now: Instant) throws -> Int {
        var records: [BackupRecord] = []
        while true {
            let page = try system.backups(after: records.last?.id ?? 0, limit: 1_000)
            records += page
            if page.count < 1_000 { break }
        }
        var newest: [Int64?: BackupRecord] = [:]
        for record in records where record.verifiedAt != nil && record.createdAt >= newest[record.tenantID]?.createdAt ?? "" {
            newest[record.tenantID] = record
        }
        var removed = 0
        for record in records where newest[record.tenantID]?.id != record.id {
            guard let days = Tier(rawValue: record.tier)?.daysKept,
                try Instant(record.createdAt).adding(milliseconds: days * 86_400_000) < now
            else { continue }
            try Files.remove(record.path)
            try system.forgetBackup(record.id)
            removed += 1
        }
        return removed
    }

    private func checkBooks(_ db: Connection, full: Bool) throws {
        let report = try db.ledger(clock: instance.clock).verify(full: full)
        guard report.isSound else {
            throw StorageError.unsound(report.problems.first?.description ?? "the books do not verify")
        }
    }
}
