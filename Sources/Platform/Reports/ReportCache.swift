import Core
import Storage
import Synchronization

/// Answers of reports, kept for their declared lifetime and let go when a table that they read is written.
package final class ReportCache: Sendable {
    struct Answer: Sendable {
        /// The rows, a JSON array.
        let items: [UInt8]
        let computedAt: Instant
    }

    private struct Entry {
        let answer: Answer
        let stamp: ChangeStamp
        let expiresAt: Instant
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var bytes = 0
    }

    static let mostBytes = 16 << 20
    private static let longestAnswer = 1 << 20
    private let state = Mutex(State())

    package init() {}

    /// - Parameter stamp: of the report's tables, now.
    func find(_ key: String, stamp: ChangeStamp, now: Instant) -> Answer? {
        state.withLock { state in
            guard let entry = state.entries[key] else { return nil }
            if entry.stamp == stamp, now < entry.expiresAt, now >= entry.answer.computedAt { return entry.answer }
            state.entries[key] = nil
            state.bytes -= entry.answer.items.count
            return nil
        }
    }

    /// - Parameter stamp: of the report's tables, taken before the rows were read.
    func keep(_ key: String, _ answer: Answer, stamp: ChangeStamp, seconds: Int64) {
        guard answer.items.count <= Self.longestAnswer else { return }
        let entry = Entry(answer: answer, stamp: stamp, expiresAt: answer.computedAt.adding(seconds: seconds))
        state.withLock { state in
            if let former = state.entries.updateValue(entry, forKey: key) { state.bytes -= former.answer.items.count }
            state.bytes += answer.items.count
            guard state.bytes > Self.mostBytes else { return }
            // The older half goes: what is asked for often comes back soon.
            let byAge = state.entries.sorted { $0.value.answer.computedAt < $1.value.answer.computedAt }
            for (key, entry) in byAge where state.bytes > Self.mostBytes / 2 {
                state.entries[key] = nil
                state.bytes -= entry.answer.items.count
            }
        }
    }

    var count: Int { state.withLock { $0.entries.count } }
}
