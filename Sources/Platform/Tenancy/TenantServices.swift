import Core
import Synchronization

/// What the tenants of an installation have in common: the box that seals their secrets, and whoever does what is due.
package final class TenantServices: Sendable {
    let secrets: SecretBox
    let scriptLog: ScriptLog
    private let scheduler = Mutex<Scheduler?>(nil)

    init(secrets: SecretBox, scriptLog: ScriptLog) {
        self.secrets = secrets
        self.scriptLog = scriptLog
    }

    func serve(by scheduler: Scheduler?) {
        self.scheduler.withLock { $0 = scheduler }
    }

    func signal(_ tenant: Int64) {
        scheduler.withLock { $0 }?.signal(tenant)
    }
}
