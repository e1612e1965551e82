import Core
import Ledger
import Platform
import Storage

/// A tenant's database as it was at a moment, in a file of its own, verified; nobody uses it yet.
struct MomentFile {
    let path: String
    let base: BackupRecord
    let replay: ChangeLog.Replay
    /// SHA-256, in hexadecimal.
    let digest: String
    /// What it has: the last commit that was put on the copy, or the copy's own moment.
    let reached: Instant
    let figures: DatabaseFigures
    /// The last rows of the copy, and of this.
    let baseHeads: RowHeads
    let heads: RowHeads
}

extension BackupService {
    /// Makes the database of a tenant as it was at an instant from the newest copy before it that is sound, and the log of changes.
    ///
    /// - Parameters:
    ///   - instant: nil for as new as can be.
    ///   - only: this copy, and no other.
    ///   - withLog: whether changes after the copy are put on it.
    /// - Throws: 404 `backup.none_before`; 409 `backup.hole` where the log does not reach the instant; what the last copy's check throws when none is sound.
    func makeMoment(
        of tenant: Tenant, at instant: Instant?, only: BackupRecord? = nil, withLog: Bool = true, excluding: Int64? = nil, steps: inout RestoreSteps
    ) throws -> MomentFile {
        let bases = try only.map { [$0] } ?? candidates(of: tenant.id, before: instant).filter { $0.id != excluding }
        guard !bases.isEmpty else {
            throw Problem(
                404, "backup.none_before",
                "There is no copy of \(tenant.domain)" + (instant.map { " from before \($0.description)" } ?? "") + ": kontor backup list names all.")
        }
        let folder = "\(instance.dataPath)/backups/\(Self.folder(tenant.id))"
        try Files.createDirectory(folder, mode: 0o700)
        var failure: (any Error)?
        for base in bases {
            let path = "\(folder)/.moment-\(Random.reference()).db"
            do {
                let log = instance.changeLogFolder(ofTenant: tenant.id)
                var replay = ChangeLog.Replay()
                if withLog {
                    replay = try Backup.forward(
                        base.path, digest: base.sha256, log: log, takenAfter: try Instant(base.createdAt), to: instant, into: path)
                } else {
                    try Backup.copy(base.path, digest: base.sha256, toSecondPlace: path)
                }
                steps.done("copy", "Backup \(base.id) of \(base.createdAt) (\(base.tier), \(base.size) bytes) was copied and its digest is right.")
                if let instant, withLog, let reason = replay.stoppedBy {
                    for suffix in ["", "-journal", "-wal", "-shm"] { try? Files.remove(path + suffix) }
                    let reached = try replay.last ?? Instant(base.createdAt)
                    throw Problem(
                        409, "backup.hole",
                        "\(tenant.domain) cannot be brought to \(instant.description): \(reason). The last moment before that is \(reached.description); kontor backup list names the copies after it.")
                }
                if withLog {
                    let stopped = replay.stoppedBy.map { " It ended there: \($0)." } ?? ""
                    steps.done(
                        "increments",
                        replay.commits == 0
                            ? "No later change was put on it.\(stopped)"
                            : "\(replay.commits) commits (\(replay.pages) pages) from \(replay.first?.description ?? "") to \(replay.last?.description ?? "") were put on it.\(stopped)",
                        ok: replay.stoppedBy == nil)
                }
                var figures: DatabaseFigures?
                var heads = RowHeads()
                var entries: Int64 = 0
                try Backup.verify(path) { db in
                    let report = try db.ledger(clock: instance.clock).verify(full: true)
                    guard report.isSound else {
                        throw StorageError.unsound(report.problems.first?.description ?? "the books do not verify")
                    }
                    entries = report.entries
                    figures = try DatabaseFigures.read(db)
                    heads = try RowHeads(db)
                }
                guard let figures else { throw StorageError.unsound("it could not be read") }
                steps.done("verify", "The file is sound, its keys lead somewhere, and \(entries) entries are in order.")
                let moment = try Instant(base.snapshotAt ?? base.createdAt)
                return MomentFile(
                    path: path, base: base, replay: replay, digest: try Backup.digest(path), reached: replay.last.map { max($0, moment) } ?? moment,
                    figures: figures, baseHeads: try RowHeads(file: base.path), heads: heads)
            } catch let problem as Problem where problem.code == "backup.hole" {
                // An older copy ends at the same hole, or at one before it.
                throw problem
            } catch {
                for suffix in ["", "-journal", "-wal", "-shm"] { try? Files.remove(path + suffix) }
                failure = error
                steps.done("copy", "Backup \(base.id) of \(base.createdAt) is of no use: \(Self.text(error))", ok: false)
            }
        }
        throw failure ?? StorageError.unsound("no copy is sound")
    }

    func remove(_ moment: MomentFile) {
        for suffix in ["", "-journal", "-wal", "-shm"] { try? Files.remove(moment.path + suffix) }
    }

    static func text(_ error: any Error) -> String { (error as? any ProblemConvertible)?.problem.detail ?? "\(error)" }

    /// The copies that can be had, newest first; of one moment, the local one.
    private func candidates(of tenantID: Int64, before instant: Instant?) throws -> [BackupRecord] {
        var records: [BackupRecord] = []
        while true {
            let page = try instance.system.backups(after: records.last?.id ?? 0, tenantID: tenantID, limit: 1_000)
            records += page
            if page.count < 1_000 { break }
        }
        return try records.filter { record in
            guard record.verifiedAt != nil, Files.exists(record.path) else { return false }
            guard let instant else { return true }
            return try Instant(record.snapshotAt ?? record.verifiedAt ?? record.createdAt) <= instant
        }.sorted { ($0.createdAt, $0.place == "local" ? 1 : 0, $0.id) > ($1.createdAt, $1.place == "local" ? 1 : 0, $1.id) }
    }
}
