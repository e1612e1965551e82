import Core
import Server
import Synchronization

/// Keeps the lines of the log.
final class TestLog: ApplicationLog {
    struct Line {
        let level: LogLevel
        let message: String
        let members: [String: Value]
    }

    private let kept = Mutex<[Line]>([])

    var lines: [Line] { kept.withLock { $0 } }

    func write(_ level: LogLevel, _ message: String, _ members: [(String, Value)]) {
        let line = Line(level: level, message: message, members: Dictionary(members, uniquingKeysWith: { $1 }))
        kept.withLock { $0.append(line) }
    }
}
