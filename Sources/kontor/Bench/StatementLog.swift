import Synchronization

/// Statements in the order in which the lane ran them.
final class StatementLog: Sendable {
    private let statements = Mutex<[String]>([])

    func add(_ sql: String) {
        statements.withLock { $0.append(sql) }
    }

    /// What has come since the last time.
    func take() -> [String] {
        statements.withLock { statements in
            defer { statements = [] }
            return statements
        }
    }
}
