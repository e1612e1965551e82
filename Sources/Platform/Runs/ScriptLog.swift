import Core
import Synchronization

/// Where the lines that scripts log go: to whoever writes the installation's log.
package final class ScriptLog: Sendable {
    /// One line that a script logged.
    package struct Line: Sendable {
        /// `debug`, `info`, `warn` or `error`.
        package let level: String
        package let message: String
        /// What the script gave beside the message; `.null` for nothing.
        package let fields: Value
        /// The plugin whose code ran; nil for a rule file.
        package let plugin: String?
        /// The request in which it ran.
        package let run: String
        package let tenantID: Int64
    }

    private let writer = Mutex<(@Sendable (Line) -> Void)?>(nil)

    package init() {}

    /// - Parameter write: called from the threads on which scripts run; it must be quick.
    package func connect(_ write: @escaping @Sendable (Line) -> Void) {
        writer.withLock { $0 = write }
    }

    func write(_ lines: [Line]) {
        guard let write = writer.withLock({ $0 }) else { return }
        for line in lines { write(line) }
    }
}
