import Core
import Ledger
import Platform
import Storage

/// Looks every minute whether the books of the businesses that were used since add up, and when one is first used.
/// Used by one thread.
final class BookWatch {
    /// When each store was last used, as of the last look.
    private var seen: [Int64: UInt64] = [:]

    struct Unbalanced: Error, CustomStringConvertible {
        let faults: [String]
        var description: String { faults.joined(separator: "; ") }
    }

    /// - Throws: `Unbalanced`; what keeps the database from being read.
    func look(at tenant: Tenant, clock: any Clock) throws {
        let used = tenant.store.lastUsed
        guard tenant.store.isOpen, seen[tenant.id] != used else { return }
        let faults = try tenant.store.readAlone(isUse: false) { db in try Ledger(db, clock: clock).unbalancedSums() }
        seen[tenant.id] = used
        guard faults.isEmpty else { throw Unbalanced(faults: faults) }
    }
}
