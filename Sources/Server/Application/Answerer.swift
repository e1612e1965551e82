import Storage
import Synchronization

/// Gives the answers of what lanes have committed, on a thread of its own, so that the next turn does not wait for log lines
/// and sockets. In the order in which they come.
final class Answerer: Sendable {
    private let shared = Shared()

    init() {
        let shared = shared
        Thread.start(name: "answers", stackBytes: 1 << 20) { shared.serve() }
    }

    deinit { shared.stop() }

    /// Answers soon; at once when it was stopped.
    func add(_ exchange: Exchange, _ response: HTTPResponse) { shared.add(exchange, response) }

    /// Takes nothing more, and goes on until what waits is answered.
    func stop() { shared.stop() }

    private final class Shared: Sendable {
        private struct State {
            var waiting: [(exchange: Exchange, response: HTTPResponse)] = []
            var isAsleep = false
            var isStopped = false
        }

        private let state = Mutex(State())
        private let ready = Semaphore()

        func add(_ exchange: Exchange, _ response: HTTPResponse) {
            let (isStopped, wakes) = state.withLock { state in
                if state.isStopped { return (true, false) }
                state.waiting.append((exchange, response))
                defer { state.isAsleep = false }
                return (false, state.isAsleep)
            }
            if isStopped { exchange.answer(response) }
            if wakes { ready.signal() }
        }

        func stop() {
            let wakes = state.withLock { state in
                state.isStopped = true
                defer { state.isAsleep = false }
                return state.isAsleep
            }
            if wakes { ready.signal() }
        }

        func serve() {
            while let batch = next() {
                if batch.isEmpty { ready.wait() }
                for (exchange, response) in batch { exchange.answer(response) }
            }
        }

        /// All that waits; empty when this thread shall sleep; nil at the end.
        private func next() -> [(exchange: Exchange, response: HTTPResponse)]? {
            state.withLock { state in
                if state.waiting.isEmpty {
                    if state.isStopped { return nil }
                    state.isAsleep = true
                    return []
                }
                defer { state.waiting = [] }
                return state.waiting
            }
        }
    }
}
