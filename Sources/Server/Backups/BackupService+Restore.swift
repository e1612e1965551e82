import Core
import Ledger
import Platform
import Storage

extension BackupService {
    /// What a restore did and what it left.
    package struct Restored {
        package let tenant: Tenant
        package let steps: Value
        package let comparison: Value
        package let safety: BackupRecord?
        package let former: String?
        package let unreadable: [String]
        /// What the database has: nothing newer is in it.
        package let reached: Instant
        /// From when to when changes are lost; nil for none.
        package let loss: (from: String, to: String)?
        package let appliedCommits: Int
        /// What is newer than the copy and was put on it.
        package let applied: RowList
        /// What the former file has and this does not, as far as it could be read.
        package let refused: RowList
        package let milliseconds: Int64

        package var value: Value {
            [
                "tenant_id": .int(tenant.id), "domain": .string(tenant.domain), "steps": steps, "records": comparison,
                "safety_backup_id": safety.map { .int($0.id) } ?? .null, "former_file": former.map { .string($0) } ?? .null,
                "unreadable": .array(unreadable.map(Value.string)), "reached_at": .string(reached.description),
                "loss": loss.map { ["from": .string($0.from), "to": .string($0.to)] } ?? .null,
                "applied_commits": .int(Int64(appliedCommits)), "applied": applied.value, "refused": refused.value, "milliseconds": .int(milliseconds),
            ]
        }

        static let schema: Schema = .object([
            .init("tenant_id", .integer(minimum: 1), required: true), .init("domain", .string(), required: true, example: "acme.localhost"),
            .init("steps", RestoreSteps.schema, required: true, example: []),
            .init("records", DatabaseFigures.comparisonSchema, required: true, "Rows and newest instants, before and after.", example: []),
            .init("safety_backup_id", .nullable(.integer()), required: true), .init("former_file", .nullable(.string()), required: true),
            .init(
                "unreadable", .array(.string()), required: true,
                "Secrets and encrypted fields that were sealed under a key that is not here, and what to do.", example: []),
            .init("reached_at", .instant, required: true, "Nothing newer is in the database."),
            .init(
                "loss", .nullable(.object([.init("from", .string(), required: true), .init("to", .string(), required: true)])), required: true,
                "From when to when changes are lost, for the people who made them; null for none.", example: .null),
            .init("applied_commits", .integer(minimum: 0), required: true, "Of the log of changes, after the copy."),
            .init("applied", RowList.schema, required: true, "Entries and audit rows that are newer than the copy and were put on it."),
            .init("refused", RowList.schema, required: true, "Those that the former file has and the database has not."),
            .init("milliseconds", .integer(minimum: 0), required: true),
        ])
    }

    /// What is put in a tenant's place.
    package enum Source {
        /// A copy, as it is.
        case backup(Int64)
        /// The last moment at or before an instant.
        case moment(Instant)
        /// As new as copies and log allow, for a database that is damaged; the tenant stays read-only.
        case newest
    }

    /// Puts a copy, or a moment, in a tenant's place. Its database as it was is copied first, and kept beside as well; other tenants
    /// go on.
    ///
    /// Numbers that were given out since are recorded as lost and never given again. Whether the tenant is read-only stays as it is
    /// now; credentials that a breach ended stay ended.
    /// - Parameter swapped: called once the tenant stands on the copy, before anybody can ask it.
    package func restore(
        _ tenant: Tenant, from source: Source, actor: ActingUser, reason: String, swapped: (Tenant) -> Void = { _ in }
    ) throws -> Restored {
        let clock = instance.clock
        var steps = RestoreSteps()
        var only: BackupRecord?
        var instant: Instant?
        var isRecovery = false
        var withLog = true
        switch source {
        case .backup(let id):
            only = try instance.system.backup(id)
            withLog = false
        case .moment(let at):
            guard at <= clock.now() else { throw Problem(422, "backup.moment_invalid", "\(at.description) is not there yet.", field: "to") }
            instant = at
        case .newest: isRecovery = true
        }
        if isRecovery { steps.done("freeze", freezeForRecovery(tenant, actor, reason)) }
        // A damaged database cannot be asked; what can be known of it is.
        try? tenant.loadWritability()
        let mark = tenant.readOnlyMark
        let before = try? tenant.store.readAlone { db in try DatabaseFigures.read(db) }
        let numbers = (try? tenant.store.read { db in try db.ledger(clock: clock).openSegments() }) ?? []
        let safety = try? make(of: tenant, tier: .safety, actor: actor).record
        steps.done(
            "stop",
            safety.map { "The present state is backup \($0.id); requests are refused while the file is changed." }
                ?? "The present state cannot be copied as a database; its file is kept as it is. Requests are refused while it is changed.",
            ok: safety != nil)
        let stoppedAt = clock.now()
        // What the log of changes has not got yet is in the write-ahead log, or in the copy that was just made.
        try? tenant.store.keepChanges()
        let moment = try makeMoment(
            of: tenant, at: instant, only: only, withLog: withLog, excluding: isRecovery ? safety?.id : nil, steps: &steps)
        defer { remove(moment) }
        let former = try Restore.restore(
            moment.path, digest: moment.digest, into: tenant.store, at: clock.now(),
            swapped: {
                tenant.rest()
                tenant.carryReadOnly(mark)
                swapped(tenant)
            })
        steps.done("restore", "It is in place; the former file is \(former ?? "none").")
        let lost = try tenant.store.write { db in
            let lost = try db.ledger(clock: clock).recordLostRanges(
                since: numbers, reason: "restored from backup \(moment.base.id)", actor: LedgerActor(id: actor.id, label: "operator"))
            try ReadOnly.carry(mark, db)
            if mark?.cause == .breach { try Breach.endCredentials(tenant, db, actor: actor, reason: mark?.reason ?? "") }
            try Audit.append(
                db, actor, "tenant.restored", object: ("backup", moment.base.id),
                after: [
                    "taken_at": .string(moment.base.createdAt), "sha256": .string(moment.base.sha256),
                    "reached_at": .string(moment.reached.description), "commits_applied": .int(Int64(moment.replay.commits)),
                    "numbers_lost": .array(lost.map { .string("\($0.series) \($0.period)") }),
                ], reason: reason)
            return lost.count
        }
        let chain = (try? CheckpointFile(instance, tenant).take()) != nil
        steps.done("open", "It is open again. \(lost) series go on behind the numbers that were given out since." + (chain ? "" : " No checkpoint could be kept."), ok: chain)
        let comparison = DatabaseFigures.compare(before: before, after: moment.figures)
        steps.done(
            "compare",
            "Newest before: \(before?.newest ?? "cannot be read"); newest now: \(moment.figures.newest ?? "none"). Rows by type are in the answer.",
            ok: before != nil)
        let applied = RowList(file: moment.path, after: moment.baseHeads, reason: "put on the copy from the log of changes")
        let refused = former.map { RowList(file: $0, after: moment.heads, reason: moment.replay.stoppedBy ?? "newer than what was asked for") } ?? RowList()
        steps.done("report", "\(applied.count) entries and audit rows were put on the copy, \(refused.count) of the former file are not there.")
        let health = health(of: tenant)
        steps.done("health", health.isEmpty ? "It takes changes where it is not frozen, and its books verify." : health.joined(separator: " "), ok: health.isEmpty)
        // The log goes on from here only with a copy that is of what is here.
        var later = actor
        later.at = clock.now()
        let next = try? make(of: tenant, tier: .hourly, actor: later).record
        steps.done(
            "backup", next.map { "Backup \($0.id) is of what is there now: from here on every moment can be restored again." } ?? "No copy could be made of what is there now.",
            ok: next != nil)
        var loss: (String, String)?
        let reached = moment.reached.description
        if moment.replay.next != nil || before != moment.figures { loss = (reached, stoppedAt.description) }
        steps.done(
            "tell",
            loss.map { "Tell the users: what was done after \($0.0) and until \($0.1) is not there and has to be done again." }
                ?? "Nothing that was written down is lost.")
        let unreadable = (try? tenant.store.read { db in try SealedContent.unreadable(tenant, db) }) ?? []
        return Restored(
            tenant: tenant, steps: steps.value, comparison: comparison, safety: safety, former: former, unreadable: unreadable,
            reached: moment.reached, loss: loss, appliedCommits: moment.replay.commits, applied: applied, refused: refused, milliseconds: steps.milliseconds)
    }

    /// - Returns: how it went.
    private func freezeForRecovery(_ tenant: Tenant, _ actor: ActingUser, _ reason: String) -> String {
        do {
            try ReadOnly.begin(tenant, .recovery, actor: actor, reason: reason)
            return "All changes are refused with 423 until it is thawed."
        } catch {
            // The database takes nothing more: the mark goes into the one that takes its place.
            if tenant.readOnlyMark?.cause != .breach {
                tenant.carryReadOnly(ReadOnlyMark(.recovery, since: actor.at, by: actor.name, reason: reason))
            }
            return "All changes are refused with 423 until it is thawed; the damaged database could not note that: \(Self.text(error))"
        }
    }

    /// What is wrong with a tenant that was opened again.
    private func health(of tenant: Tenant) -> [String] {
        do {
            try tenant.store.write { _ in }
            return try tenant.store.readAlone { db in
                try db.soundness(full: false) + db.ledger(clock: instance.clock).verify(full: false).problems.map(\.description)
            }
        } catch {
            return [Self.text(error)]
        }
    }
}
