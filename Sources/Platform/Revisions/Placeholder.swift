import Synchronization

// Holds the place of the revision until it lands here.

package final class Revision: Sendable {
    package let id: Int64 = 0
    package var endpoints: [Endpoint] { [] }
    package let router = Router<Endpoint>()
    package var permissions: [Permission] { [] }
    package init() {}
}

package final class RevisionSlot: Sendable {
    private let slot = Mutex<Revision?>(nil)
    package init() {}
    package var current: Revision? { slot.withLock { $0 } }
    package func publish(_ revision: Revision) { slot.withLock { $0 = revision } }
    package func fill(_ loaded: Revision) -> Revision {
        slot.withLock { current in
            if let current { return current }
            current = loaded
            return loaded
        }
    }
    package func drop() { slot.withLock { $0 = nil } }
}
