import CBridge

/// A body that is written bit by bit, from any thread, through a bounded buffer.
///
/// Dropping the last reference breaks the connection off, unless it was closed.
package final class ResponseStream: @unchecked Sendable {
    // Safe to share: the C side locks.
    private let raw: OpaquePointer

    init?(
        _ request: HTTPRequest, _ response: HTTPResponse, capacity: Int, keepAliveSeconds: Int,
        onClose: (@Sendable () -> Void)?
    ) {
        let context = onClose.map { Unmanaged.passRetained(OnClose($0)).toOpaque() }
        var answer: OpaquePointer?
        guard
            let raw = kh_stream_new(
                request.raw, capacity, Int32(keepAliveSeconds), onClose == nil ? nil : streamClosed, context, &answer),
            let answer
        else {
            if let context { Unmanaged<OnClose>.fromOpaque(context).release() }
            return nil
        }
        self.raw = raw
        kh_response_common_headers(answer, response.commonHeaders, request.isTLS)
        response.addHeaders(to: answer)
        kh_response_request_id(answer, request.raw)
        kh_stream_answer(request.raw, Int32(response.status), answer)
    }

    /// Writes all of it, waiting for the reader as long as need be; with `wait` 0 it never waits.
    /// - Parameter wait: milliseconds that the reader may stall before it is cut off.
    /// - Returns: false when the reader is gone or was cut off.
    @discardableResult
    package func write(_ bytes: [UInt8], wait: Int = 10_000) -> Bool {
        bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return isOpen }
            return kh_stream_write(raw, start, buffer.count, Int32(clamping: wait))
        }
    }

    /// Ends the body; what was written is still sent.
    package func close() { kh_stream_close(raw) }

    /// Breaks the connection, so that the client sees that the body is not whole.
    package func abort() { kh_stream_abort(raw) }

    package var isOpen: Bool { kh_stream_is_open(raw) }

    /// Streams in memory in the whole process. For tests of leaks.
    package static var liveCount: Int { Int(kh_live_streams()) }

    deinit {
        if kh_stream_is_open(raw) { kh_stream_abort(raw) }
        kh_stream_release(raw)
    }
}

private final class OnClose: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func streamClosed(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<OnClose>.fromOpaque(context).takeRetainedValue().run()
}
