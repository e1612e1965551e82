import CSQLite

/// Stops what a connection is doing, from any thread; does nothing once the connection is closed.
///
/// `@unchecked Sendable`: the pointer is used only under the monitor, and is gone from here before the connection closes.
package final class Interrupter: @unchecked Sendable {
    private let monitor = Monitor()
    private var handle: OpaquePointer?

    init(_ handle: OpaquePointer) { self.handle = handle }

    /// The running statement fails with `.interrupted`; a write among them rolls its whole transaction back.
    package func interrupt() {
        monitor.lock()
        defer { monitor.unlock() }
        if let handle { sqlite3_interrupt(handle) }
    }

    func release() {
        monitor.lock()
        defer { monitor.unlock() }
        handle = nil
    }
}
