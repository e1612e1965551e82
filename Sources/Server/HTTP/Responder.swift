import CBridge
import Core

/// The way back to the client of one request.
package final class Responder: Sendable {
    package let request: HTTPRequest

    init(_ request: HTTPRequest) { self.request = request }

    /// A second answer, or one after the server gave up on the request, is dropped.
    package func answer(_ response: HTTPResponse) { send(response, to: request) }

    /// Answers with a body that is written bit by bit.
    /// - Parameters:
    ///   - response: its status and headers; the body is ignored.
    ///   - capacity: bytes that wait for a slow reader.
    ///   - keepAliveSeconds: above 0, the silence after which an event-stream comment is sent.
    ///   - onClose: called once on a server thread when nothing can be sent any more; must not wait.
    /// - Returns: nil if it was answered before.
    package func stream(
        _ response: HTTPResponse, capacity: Int = 256 << 10, keepAliveSeconds: Int = 0,
        onClose: (@Sendable () -> Void)? = nil
    ) -> ResponseStream? {
        ResponseStream(
            request, response, capacity: capacity, keepAliveSeconds: keepAliveSeconds, onClose: onClose)
    }

    deinit {
        guard !kh_request_is_answered(request.raw) else { return }
        let problem = Problem(500, "http.unanswered", "The request was dropped by the server without an answer.")
        send(.problem(problem, requestID: request.id), to: request)
    }
}

func send(_ response: HTTPResponse, to request: HTTPRequest) {
    if let shared = response.shared {
        _ = kh_answer_shared(request.raw, shared.raw(isTLS: request.isTLS))
    } else if let raw = response.makeRaw(isTLS: request.isTLS, requestID: request.raw) {
        _ = kh_answer(request.raw, Int32(response.status), raw, UInt64(response.body.count))
    }
}
