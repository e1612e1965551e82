import Core
import Storage

/// Which of a tenant's jobs have failed for good, and which schedules stand still although they were due.
package struct AutomationState: Sendable {
    package struct Finding: Sendable, Equatable {
        /// The job, or the schedule.
        package let subject: String
        package let detail: String
        /// When it happened; nil of a state that lasts.
        package let at: Instant?
    }

    package let failed: [Finding]
    package let stopped: [Finding]

    // A failure counts until the same job came to its end later.
    private static let selectDead = SQL("""
        SELECT name, count(*), max(finished_at), last_error FROM platform_jobs j WHERE state = 'dead' AND NOT EXISTS (
          SELECT 1 FROM platform_jobs d WHERE d.name = j.name AND d.id > j.id AND d.state = 'done')
        GROUP BY name ORDER BY name LIMIT 200
        """)
    private static let selectLast = SQL("SELECT started_at FROM platform_job_runs WHERE name = ?1 ORDER BY id DESC LIMIT 1")

    /// - Parameter hours: how long a schedule may be silent beyond its last run, if it was due an hour ago or more.
    package static func read(_ tenant: Tenant, _ revision: Revision, hours: Int64, now: Instant) throws -> AutomationState {
        let zone = tenant.timeZone
        return try tenant.store.read(isUse: false) { db in
            let failed = try db.query(selectDead) { row in
                let count = row.int(1)
                return Finding(
                    subject: row.text(0),
                    detail: "\(row.text(0)) at \(tenant.domain) failed for good\(count > 1 ? " \(count) times" : ""): \(row.text(3)) kontor job queue --state dead lists it, kontor job retry tries it again.",
                    at: try row.optionalInstant(2))
            }
            var stopped: [Finding] = []
            for schedule in revision.schedules {
                guard let last = try db.first(selectLast, schedule.job, row: { try $0.instant(0) }),
                    last.adding(seconds: hours * 3_600) <= now,
                    let due = schedule.cron.next(after: last, in: zone), due.adding(seconds: 3_600) <= now
                else { continue }
                let why = schedule.isEnabled ? "It was due at \(due) and did not begin." : "It is switched off in \(schedule.path)."
                stopped.append(
                    Finding(subject: schedule.id, detail: "The schedule \(schedule.id) of \(tenant.domain) has not run since \(last). \(why)", at: nil))
            }
            return AutomationState(failed: failed, stopped: stopped)
        }
    }
}
