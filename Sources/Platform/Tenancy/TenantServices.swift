import Core
import Synchronization

/// What the tenants of an installation have in common: the boxes that seal their secrets, and whoever does what is due.
package final class TenantServices: Sendable {
    let boxes = TenantBoxes()
    let scriptLog: ScriptLog
    private let scheduler = Mutex<Scheduler?>(nil)

    init(scriptLog: ScriptLog) {
        self.scriptLog = scriptLog
    }

    func serve(by scheduler: Scheduler?) {
        self.scheduler.withLock { $0 = scheduler }
    }

    func signal(_ tenant: Int64) {
        scheduler.withLock { $0 }?.signal(tenant)
    }
}
