import Core
import Glibc
import Synchronization

package enum LogLevel: Int, Sendable, Comparable, CaseIterable {
    case debug, info, warning, error

    package var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    package init?(name: String) {
        guard let level = LogLevel.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Writes structured log lines, one JSON object each: `{"ts":…,"level":…,"event":…, …}`.
///
/// Lines are handed to a thread of its own, which writes them within 200 ms. No caller ever waits for the disk: when more
/// is waiting than `capacity`, lines are dropped, counted, and the loss itself is logged.
package final class LogWriter: Sendable {
    package enum Destination: Sendable {
        case standardError
        /// Appended to, created with mode 0640.
        case file(String)
    }

    private let buffer: LogBuffer
    private let queue: LogQueue
    private let minimum: LogLevel
    private let clock: any Clock

    /// - Parameter capacity: bytes that may wait to be written.
    /// - Throws: `FileError` when the file cannot be opened.
    package init(
        to destination: Destination, minimum: LogLevel = .info, capacity: Int = 4 << 20, clock: any Clock = SystemClock()
    ) throws(FileError) {
        self.minimum = minimum
        self.clock = clock
        let buffer = LogBuffer(capacity: capacity, clock: clock)
        self.buffer = buffer
        queue = try LogQueue(destination)
        queue.start { buffer.take() }
    }

    deinit { close() }

    package func isEnabled(_ level: LogLevel) -> Bool { level >= minimum }

    package func write(_ level: LogLevel, _ event: String, _ members: [(String, String)] = []) {
        write(level, event) { json in
            for (name, value) in members { json.member(name, value) }
        }
    }

    /// - Parameter members: adds further members to the line's object; not called below the minimum level.
    package func write(_ level: LogLevel, _ event: String, _ members: (inout JSONWriter) -> Void) {
        guard level >= minimum else { return }
        var json = JSONWriter(capacity: 320)
        json.beginObject()
        json.member("ts", clock.now().description)
        json.member("level", level.name)
        json.member("event", event)
        members(&json)
        json.endObject()
        append(json.bytes)
    }

    private func append(_ line: [UInt8]) {
        if buffer.append(line) { queue.wake() }
    }

    /// Lines lost since the start because too much was waiting.
    package var dropped: Int { buffer.dropped }

    /// Waits until what was logged before is written.
    package func flush() { queue.flush() }

    /// Opens the file anew, after it was rotated away. A failure keeps the old one.
    package func reopen() throws(FileError) { try queue.reopen() }

    /// Writes what is waiting and ends; later lines are dropped. Idempotent.
    package func close() {
        if buffer.close() { queue.close() }
    }
}

/// Lines between those who log and the thread that writes.
private final class LogBuffer: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var dropped = 0
        var droppedNow = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let clock: any Clock

    init(capacity: Int, clock: any Clock) {
        self.capacity = capacity
        self.clock = clock
    }

    /// - Returns: whether it is the first since the thread has looked.
    func append(_ line: [UInt8]) -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.waiting.count + line.count < capacity else {
                state.dropped += 1
                state.droppedNow += 1
                return false
            }
            let isFirst = state.waiting.isEmpty
            state.waiting += line
            state.waiting.append(0x0A)
            return isFirst
        }
    }

    /// What the thread writes next.
    func take() -> [UInt8] {
        var (bytes, lost) = state.withLock { state in
            defer {
                state.waiting = []
                state.droppedNow = 0
            }
            return (state.waiting, state.droppedNow)
        }
        if lost > 0 {
            var json = JSONWriter()
            json.beginObject()
            json.member("ts", clock.now().description)
            json.member("level", LogLevel.warning.name)
            json.member("event", "log.dropped")
            json.member("lines", Int64(lost))
            json.endObject()
            bytes += json.bytes
            bytes.append(0x0A)
        }
        return bytes
    }

    var dropped: Int { state.withLock { $0.dropped } }

    /// - Returns: false if it was closed before.
    func close() -> Bool {
        state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
    }
}
