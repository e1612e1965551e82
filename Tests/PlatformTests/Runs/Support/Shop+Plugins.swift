import Core
import Platform
import Storage
import Synchronization

extension Shop {
    /// Installs a plugin made of these files, or the next version of it. A manifest is written where none is given.
    func install(_ name: String, version: String = "1.0.0", _ files: [String: String], capabilities: String = "") throws {
        var all = files.mapValues { Array($0.utf8) }
        if all["plugin.lua"] == nil {
            all["plugin.lua"] = Array(
                """
                return {
                  name = "\(name)", version = "\(version)", depends = { pos = "^1.0" },
                  capabilities = { \(capabilities) },
                  permissions = { { "\(name).see", title = "See" }, { "\(name).edit", title = "Edit" }, { "\(name).move", title = "Move" } },
                }
                """.utf8)
        }
        let packed = all
        let (tenant, actor, clock) = (tenant, house.actor, house.clock)
        let revision = try tenant.store.write { db in
            try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(files: packed, shippedRules: [:])
        }
        tenant.revisionSlot.publish(revision)
    }
}

/// Collects what closures on other threads are told.
final class Kept<Element: Sendable>: Sendable {
    private let items = Mutex<[Element]>([])

    func add(_ item: Element) { items.withLock { $0.append(item) } }
    var all: [Element] { items.withLock { $0 } }
}
