import Core
import Storage

/// Queues what is due by the schedules of a revision, once for each due time.
///
/// Up to when a schedule's times were looked at is a row that changes in the transaction that queues them, and each is
/// queued under the key `SCHEDULE@DUE`: so neither a crash nor a clock that goes back brings a due time twice or loses it.
struct Schedules {
    let db: Connection
    let zone: TimeZone
    let revision: Revision

    /// Of a job with `catch_up = "none"`: how late a time may be seen.
    static let graceSeconds: Int64 = 60
    /// How many missed times are made up for at most; the latest.
    static let mostMissed = 1_000

    private static let select = SQL("SELECT id, cron, time_zone, considered_until FROM platform_schedules")
    private static let upsert = SQL("""
        INSERT INTO platform_schedules (id, cron, time_zone, considered_until, last_due) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (id) DO UPDATE SET cron = excluded.cron, time_zone = excluded.time_zone, considered_until = excluded.considered_until,
          last_due = coalesce(excluded.last_due, last_due)
        """)
    private static let delete = SQL("DELETE FROM platform_schedules WHERE id = ?1")

    private struct Mark {
        let cron: String
        let zone: String
        let until: Instant
    }

    /// - Returns: when the next schedule is due; nil for never.
    func queueDue(at now: Instant) throws -> Instant? {
        var marks: [String: Mark] = [:]
        for (id, mark) in try db.query(Self.select, row: { ($0.text(0), Mark(cron: $0.text(1), zone: $0.text(2), until: try $0.instant(3))) }) {
            marks[id] = mark
        }
        var next: Instant?
        for schedule in revision.schedules where schedule.isEnabled {
            let until = try queueDue(schedule, marks.removeValue(forKey: schedule.id), at: now)
            if let due = schedule.cron.next(after: until, in: zone), next.map({ due < $0 }) ?? true { next = due }
        }
        // One that comes back later begins anew.
        for id in marks.keys { try db.run(Self.delete, id) }
        return next
    }

    /// - Returns: up to when its times are looked at now.
    private func queueDue(_ schedule: Schedule, _ mark: Mark?, at now: Instant) throws -> Instant {
        guard let mark, mark.cron == schedule.cron.text, mark.zone == zone.name else {
            // New, or changed: from now on.
            try db.run(Self.upsert, schedule.id, schedule.cron.text, zone.name, now, nil as Instant?)
            return now
        }
        if mark.until > now {
            // The clock was set back. By more than a day it was wrong before; the keys keep what was done from being done again.
            guard now.milliseconds(until: mark.until) > 86_400_000 else { return mark.until }
            try db.run(Self.upsert, schedule.id, schedule.cron.text, zone.name, now, nil as Instant?)
            return now
        }
        guard let job = revision.plugins.jobs[schedule.job] else { return now }
        let times = schedule.cron.times(
            after: mark.until, through: now, in: zone, limit: job.catchUp == .all ? Self.mostMissed : 1)
        guard let last = times.last else { return mark.until }
        let queue = JobQueue(db)
        let isBusy = try job.overlap == .skip && queue.open(job.name) > 0
        for due in times where job.catchUp != .none || due.milliseconds(until: now) <= Self.graceSeconds * 1000 {
            var new = JobQueue.NewJob(name: job.name, dueAt: now)
            new.key = "\(schedule.id)@\(due)"
            new.arguments = .object(schedule.arguments)
            new.schedule = schedule.id
            new.scheduledFor = due
            if isBusy { new.state = .skipped }
            _ = try queue.add(new, actor: .service(at: now))
        }
        try db.run(Self.upsert, schedule.id, schedule.cron.text, zone.name, now, last)
        return now
    }
}
