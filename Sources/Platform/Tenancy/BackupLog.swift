import Core
import Synchronization

/// What this process knows about copies beside the catalogue: what went wrong last, and up to where a database was copied.
package final class BackupLog: Sendable {
    /// Why a copy could not be made.
    package struct Failure: Sendable, Equatable {
        package let at: Instant
        package let code: String
        package let detail: String

        package var value: Value { ["at": .string(at.description), "code": .string(code), "detail": .string(detail)] }
    }

    private struct State {
        var failures: [Int64?: Failure] = [:]
        var copiedRows: [Int64?: Int] = [:]
    }

    private let state = Mutex(State())

    package func failure(tenantID: Int64?) -> Failure? { state.withLock { $0.failures[tenantID] } }

    package func noteFailure(tenantID: Int64?, _ error: any Error, at now: Instant) {
        let problem = (error as? any ProblemConvertible)?.problem
        let failure = Failure(at: now, code: problem?.code ?? "internal", detail: problem?.detail ?? "\(error)")
        state.withLock { $0.failures[tenantID] = failure }
    }

    package func forgetFailure(tenantID: Int64?) { state.withLock { $0.failures[tenantID] = nil } }

    /// How many rows had changed in the store (`LaneStatistics.rowsChanged`) when it was copied; nil if it was not since the
    /// process began.
    package func copiedRows(tenantID: Int64?) -> Int? { state.withLock { $0.copiedRows[tenantID] } }

    package func noteCopied(tenantID: Int64?, rows: Int) { state.withLock { $0.copiedRows[tenantID] = rows } }
}
