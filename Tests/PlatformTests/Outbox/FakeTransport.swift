import Core
import Platform
import Synchronization

/// The world outside as a test wants it: takes everything and writes it down, or fails as it is told.
final class FakeTransport: Transport {
    struct State: Sendable {
        var requests: [OutboundRequest] = []
        var mails: [OutboundMail] = []
        var prints: [(bytes: [UInt8], host: String, port: Int)] = []
        var failure: OutboundFailure?
        var response = OutboundResponse(status: 200)
    }

    private let state = Mutex(State())

    var current: State { state.withLock { $0 } }
    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    func send(_ request: OutboundRequest) throws(OutboundFailure) -> OutboundResponse {
        try taking { $0.requests.append(request) }.response
    }

    func send(_ mail: OutboundMail) throws(OutboundFailure) -> String {
        _ = try taking { $0.mails.append(mail) }
        return "taken"
    }

    func send(_ bytes: [UInt8], host: String, port: Int) throws(OutboundFailure) {
        _ = try taking { $0.prints.append((bytes, host, port)) }
    }

    private func taking(_ note: (inout State) -> Void) throws(OutboundFailure) -> State {
        let after = state.withLock { state in
            note(&state)
            return state
        }
        if let failure = after.failure { throw failure }
        return after
    }
}
