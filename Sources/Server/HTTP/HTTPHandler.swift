/// What to do with a request whose head has arrived.
package enum HeadDecision: Sendable {
    /// Read the body, up to `limit` bytes, then `handle`; more is answered 413.
    case readBody(limit: Int)
    /// Answer at once; a body is not read, or thrown away when it is small.
    case answer(HTTPResponse)
    /// No body is wanted; `handle` comes next.
    case handleNow
}

/// Answers requests. All calls come on the server's own few threads, so none may wait: what takes time goes elsewhere and
/// uses the responder from there.
package protocol HTTPHandler: AnyObject, Sendable {
    func head(_ request: HTTPRequest) -> HeadDecision
    /// The request is whole. The responder is used exactly once, now or later, from any thread; one that is dropped
    /// unused answers 500 `http.unanswered`.
    func handle(_ request: HTTPRequest, _ responder: Responder)
    /// After the last byte has been handed to the system, for refused requests too.
    /// - Parameters:
    ///   - status: 499 when the client left before there was an answer.
    ///   - bytesOut: of the body.
    ///   - nanoseconds: since the head was complete.
    func finished(_ request: HTTPRequest, status: Int, bytesOut: Int, nanoseconds: UInt64)
}
