import Synchronization

/// Objects by key, kept only as long as somebody else holds them.
package final class WeakCache<Key: Hashable & Sendable, Element: AnyObject & Sendable>: Sendable {
    private struct Entry: Sendable {
        weak var element: Element?
    }

    private let entries = Mutex<[Key: Entry]>([:])

    package init() {}

    /// The object, made where it is not there. Two threads may make it at once; then one of the two is kept.
    package func value(_ key: Key, make: () throws -> Element) rethrows -> Element {
        if let found = entries.withLock({ $0[key]?.element }) { return found }
        let made = try make()
        return entries.withLock { entries in
            if let found = entries[key]?.element { return found }
            if entries.count % 64 == 63 { entries = entries.filter { $0.value.element != nil } }
            entries[key] = Entry(element: made)
            return made
        }
    }
}
