import Core
import Glibc
import Scripting
import Storage

/// The part of a job that may wait for the outside: `fetch(cursor, args)` with a read connection of its own. It writes
/// nothing; what it gives is handed to `run`.
enum FetchRun {
    private static let limits: ScriptLimits = {
        var limits = ScriptLimits.read
        // What it asks of others takes its time.
        limits.wallMilliseconds = 120_000
        return limits
    }()

    static func run(_ fetch: JobFetch, _ tenant: Tenant, clock: any Clock, courier: Courier) throws -> Value {
        try tenant.store.readAlone { db in try run(fetch, tenant, db, clock: clock, courier: courier) }
    }

    /// - Parameter watch: the test that has it done.
    static func run(
        _ fetch: JobFetch, _ tenant: Tenant, _ db: Connection, clock: any Clock, courier: Courier, watch: RunWatch? = nil
    ) throws -> Value {
        let now = clock.now()
        let scope = RunScope(
            tenant: tenant, revision: fetch.revision, principal: .service, database: db, clock: clock, now: now,
            actor: ActingUser(id: fetch.row.actorID, name: fetch.row.actor, requestID: "job-\(fetch.row.id)", at: now),
            requestID: "job-\(fetch.row.id)")
        scope.limits = .read
        scope.scriptLog = tenant.services.scriptLog
        scope.scriptLimits = limits
        scope.job = JobContext(fetch.row)
        scope.courier = courier
        if let watch { scope.observed(by: watch) }
        let run = HostRun(scope, phase: .fetch, package: fetch.revision.plugins.package(fetch.job.plugin))
        return try ScriptCall.run(fetch.job.program, "fetch", [fetch.row.cursor, fetch.row.arguments], run)
    }
}

enum Pause {
    static func milliseconds(_ count: UInt32) { usleep(count * 1_000) }
}
