import Core
import Synchronization

/// How long the statements of one database took: those that were noticed by the clock, by their text.
///
/// The statements that a connection keeps are timed by a clock that ticks every 4 ms or so and costs 5 ns to read; a run that
/// no tick falls into is counted when one does. So sums and averages are true in the long run, and a single run within a tick.
package final class StatementTimes: Sendable {
    package struct Figures: Sendable, Equatable {
        package var runs = 0
        package var nanoseconds: UInt64 = 0
        package var longestNanoseconds: UInt64 = 0

        package var averageNanoseconds: UInt64 { nanoseconds / UInt64(max(1, runs)) }
    }

    private struct State {
        var figures: [String: Figures] = [:]
        var runs = 0
        var nanoseconds: UInt64 = 0
    }

    /// Texts beyond this push out those that took least.
    private static let mostTexts = 500
    private let state = Mutex(State())
    /// Called for each run; must be quick.
    private let noted: (@Sendable (_ text: String, _ nanoseconds: UInt64) -> Void)?

    package init(noted: (@Sendable (_ text: String, _ nanoseconds: UInt64) -> Void)? = nil) { self.noted = noted }

    /// - Parameters:
    ///   - runs: since the last note of the same statement, this one among them.
    ///   - nanoseconds: of this run.
    func note(_ text: String, runs: Int, nanoseconds: UInt64) {
        state.withLock { state in
            state.runs += runs
            state.nanoseconds += nanoseconds
            if state.figures.count >= Self.mostTexts, state.figures[text] == nil {
                let kept = state.figures.sorted { $0.value.nanoseconds > $1.value.nanoseconds }.prefix(Self.mostTexts * 3 / 4)
                state.figures = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
            }
            var figures = state.figures[text] ?? Figures()
            figures.runs += runs
            figures.nanoseconds += nanoseconds
            figures.longestNanoseconds = max(figures.longestNanoseconds, nanoseconds)
            state.figures[text] = figures
        }
        noted?(text, nanoseconds)
    }

    package var all: [(text: String, figures: Figures)] { state.withLock { $0.figures.map { ($0.key, $0.value) } } }

    /// Of all statements together.
    package var sums: (runs: Int, nanoseconds: UInt64) { state.withLock { ($0.runs, $0.nanoseconds) } }
}
