import Core
import Platform
import Storage

extension BackupService {
    /// What is promised of a recovery.
    package enum Objective {
        /// From the order to restore until the business runs: four hours.
        package static let recoverySeconds: Int64 = 4 * 3_600
        /// Of what was written down, the most that may be lost: one hour.
        package static let lossSeconds: Int64 = 3_600
    }

    /// Restores a tenant from its newest copy and the log into a file of its own, verifies it, and removes it.
    /// - Returns: the steps, the figures of what was restored, and up to when it is.
    package func testRestore(of tenant: Tenant) throws -> Value {
        var steps = RestoreSteps()
        let moment = try makeMoment(of: tenant, at: nil, steps: &steps)
        let size = try Files.size(moment.path)
        remove(moment)
        steps.done("remove", "The scratch file is gone.", ok: !Files.exists(moment.path))
        let newest = try tenant.store.readAlone { db in try DatabaseFigures.read(db).newest }
        // What has been written since is in the database and its own log only.
        let lost = (newest ?? "") > moment.reached.description
        let loss = lost ? max(0, moment.reached.milliseconds(until: instance.clock.now()) / 1_000) : 0
        return [
            "tenant_id": .int(tenant.id), "domain": .string(tenant.domain), "backup_id": .int(moment.base.id), "bytes": .int(size),
            "reached_at": .string(moment.reached.description), "loss_seconds": .int(loss), "milliseconds": .int(steps.milliseconds),
            "steps": steps.value, "records": moment.figures.value,
        ]
    }

    /// A timed test restore, kept with its report; of the largest tenant where none is named.
    package func drill(_ tenant: Tenant?, actor: ActingUser) throws -> RecoveryDrill {
        guard let tenant = tenant ?? instance.directory.all.max(by: { size(of: $0) < size(of: $1) }) else {
            throw Problem(404, "tenant.not_found", "There is no tenant yet.")
        }
        let began = monotonicNanoseconds()
        var report: Value
        var isSound = true
        do {
            report = try testRestore(of: tenant)
        } catch {
            isSound = false
            report = ["failure": .string(Self.text(error))]
        }
        let milliseconds = Int64((monotonicNanoseconds() - began) / 1_000_000)
        let loss = report["loss_seconds"]?.int ?? 0
        let fraction = String(milliseconds % 1_000)
        return try instance.system.recordDrill(
            tenantID: tenant.id, domain: tenant.domain,
            ok: isSound && milliseconds <= Objective.recoverySeconds * 1_000 && loss <= Objective.lossSeconds,
            bytes: report["bytes"]?.int ?? 0,
            recoverySeconds: "\(milliseconds / 1_000)." + String(repeating: "0", count: 3 - fraction.count) + fraction, lossSeconds: loss,
            report: report, actor: actor)
    }

    private func size(of tenant: Tenant) -> Int64 { (try? Files.size(tenant.store.path)) ?? 0 }
}
