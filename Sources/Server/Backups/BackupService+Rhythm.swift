import Core
import Platform
import Storage

// When copies are due, how they stand, and when they are let go.

extension BackupService {
    private static let dayMilliseconds: Int64 = 86_400_000

    /// Which copy of a database is due: nil while the last one is younger than `minutes`, or nothing has changed since.
    ///
    /// The first of a calendar month is kept as the month's, the first of seven days as the week's, the first of a day as the
    /// day's.
    package func due(_ tenant: Tenant?, everyMinutes minutes: Int) throws -> Tier? {
        let now = instance.clock.now()
        let records = try instance.system.newestBackups(tenantID: tenant?.id).filter { $0.place == "local" }
        let times = try records.map { (tier: Tier(rawValue: $0.tier), at: try Instant($0.createdAt), record: $0) }
        if let last = times.max(by: { $0.at < $1.at }) {
            guard last.at.adding(milliseconds: Int64(minutes) * 60_000) <= now else {
                return try needsBase(tenant, since: last.at, now) ? .hourly : nil
            }
            guard try hasChanged(tenant, since: last.record) else { return nil }
        }
        func newest(_ tiers: Tier...) -> Instant? { times.filter { time in tiers.contains { $0 == time.tier } }.map(\.at).max() }
        if newest(.monthly).map({ $0.utcDate.calendarMonth != now.utcDate.calendarMonth }) ?? true { return .monthly }
        if newest(.monthly, .weekly).map({ $0.adding(milliseconds: 7 * Self.dayMilliseconds) <= now }) ?? true { return .weekly }
        if newest(.monthly, .weekly, .daily).map({ $0.utcDate != now.utcDate }) ?? true { return .daily }
        return .hourly
    }

    /// Whether the log of changes has a hole behind the last copy that only another copy ends: nothing could be brought forward
    /// across it. Ten minutes apart, for a copy costs more than what is kept.
    private func needsBase(_ tenant: Tenant?, since last: Instant, _ now: Instant) throws -> Bool {
        guard let tenant, instance.configuration.keepsChangeLog, last.adding(milliseconds: Self.baseMilliseconds) <= now,
            let hole = try ChangeLog.lastHole(instance.changeLogFolder(ofTenant: tenant.id))
        else { return false }
        return hole.isOver && hole.at > last
    }

    private static let baseMilliseconds: Int64 = 600_000

    /// How long the log of changes is kept, and the most of one tenant.
    private static let logDays: Int64 = 2
    private static let mostLogBytes: Int64 = 4 << 30

    /// Whether a database holds anything that its last copy does not. After a start it is the files' times that tell, which
    /// change without a change of the rows too.
    private func hasChanged(_ tenant: Tenant?, since record: BackupRecord) throws -> Bool {
        let store = tenant?.store ?? instance.system.store
        // Writing the copy down changes rows of the system's database, which is small: it is copied each time.
        guard let tenant else { return true }
        if let copied = instance.backupLog.copiedRows(tenantID: tenant.id) { return store.statistics.rowsChanged != copied }
        let copiedAt = try Instant(record.verifiedAt ?? record.createdAt)
        return try [store.path, store.path + "-wal"].contains { path in
            try Files.exists(path) && Files.modified(path) > copiedAt
        }
    }

    /// How the copies of a database stand, for people who look whether all is well.
    package func status(_ tenant: Tenant?) throws -> Value {
        let records = try instance.system.newestBackups(tenantID: tenant?.id)
        func newest(at place: String) -> BackupRecord? {
            records.filter { $0.place == place }.max { $0.createdAt < $1.createdAt }
        }
        func shown(_ record: BackupRecord?) -> Value {
            record.map {
                [
                    "id": .int($0.id), "tier": .string($0.tier), "created_at": .string($0.createdAt),
                    "verified_at": $0.verifiedAt.map { .string($0) } ?? .null, "size": .int($0.size),
                ]
            } ?? .null
        }
        let local = newest(at: "local")
        return [
            "tenant_id": tenant.map { .int($0.id) } ?? .null, "domain": tenant.map { .string($0.domain) } ?? .null,
            "newest": shown(local), "newest_at_second_place": shown(newest(at: SecondPlace.name)),
            "changed_since": .bool(try local.map { try hasChanged(tenant, since: $0) } ?? true),
            "failure": instance.backupLog.failure(tenantID: tenant?.id)?.value ?? .null,
        ]
    }

    /// Removes copies whose time is over, but never the newest verified one of a database at a place, and what copies that
    /// were cut short have left. What cannot be removed now is tried again the next time.
    /// - Returns: how many copies.
    @discardableResult
    package func prune(now: Instant) throws -> Int {
        var records: [BackupRecord] = []
        while true {
            let page = try instance.system.backups(after: records.last?.id ?? 0, limit: 1_000)
            records += page
            if page.count < 1_000 { break }
        }
        struct Home: Hashable {
            let tenant: Int64?
            let place: String
        }
        var newest: [Home: BackupRecord] = [:]
        for record in records where record.verifiedAt != nil {
            let home = Home(tenant: record.tenantID, place: record.place)
            if record.createdAt >= newest[home]?.createdAt ?? "" { newest[home] = record }
        }
        let isSecondPlaceThere = try SecondPlace(instance).map { $0.fault == nil } ?? false
        var removed = 0
        var failure: (any Error)?
        for record in records where newest[Home(tenant: record.tenantID, place: record.place)]?.id != record.id {
            guard let days = Tier(rawValue: record.tier)?.daysKept,
                try Instant(record.createdAt).adding(milliseconds: days * Self.dayMilliseconds) < now,
                record.place != SecondPlace.name || isSecondPlaceThere
            else { continue }
            do {
                try Files.remove(record.path)
                try instance.system.forgetBackup(record.id)
                removed += 1
            } catch {
                failure = error
            }
        }
        try removeRemains(now: now)
        for folder in try Files.list("\(instance.dataPath)/backups") {
            try ChangeLog.prune(
                "\(instance.dataPath)/backups/\(folder)/log", before: now.adding(milliseconds: -Self.logDays * Self.dayMilliseconds),
                mostBytes: Self.mostLogBytes)
        }
        if let failure { throw failure }
        return removed
    }

    /// Files of copies that a crash cut short: a day later nobody is writing them.
    private func removeRemains(now: Instant) throws {
        let root = "\(instance.dataPath)/backups"
        guard Files.isDirectory(root) else { return }
        for folder in try Files.list(root) where Files.isDirectory("\(root)/\(folder)") {
            for name in try Files.list("\(root)/\(folder)") where name.contains(".db.") && name.contains(".tmp") || name.hasPrefix(".moment-") {
                let path = "\(root)/\(folder)/\(name)"
                if try Files.modified(path).adding(milliseconds: Self.dayMilliseconds) < now { try Files.remove(path) }
            }
        }
    }
}
