/// Server-sent events over a response stream. A reader that is too slow for the buffer is cut off; the browser then comes
/// back by itself with `Last-Event-ID`.
package final class EventStream: Sendable {
    private let stream: ResponseStream

    /// What the client has seen last, from `Last-Event-ID`.
    package let lastEventID: String?

    /// - Returns: nil if the request was answered before.
    package init?(
        _ responder: Responder, headers: [(String, String)] = [], capacity: Int = 64 << 10, keepAliveSeconds: Int = 15,
        onClose: (@Sendable () -> Void)? = nil
    ) {
        let head = HTTPResponse(
            status: 200, headers: headers + [("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")],
            contentType: "text/event-stream")
        guard
            let stream = responder.stream(
                head, capacity: capacity, keepAliveSeconds: keepAliveSeconds, onClose: onClose)
        else { return nil }
        self.stream = stream
        lastEventID = responder.request.header("last-event-id")
    }

    /// Never waits.
    /// - Parameters:
    ///   - event: the type; nil is the browser's `message`. Line breaks in it and in `id` are dropped.
    ///   - data: any text; each of its lines becomes a data field.
    /// - Returns: false when the client is gone or was cut off.
    @discardableResult
    package func send(event: String? = nil, id: String? = nil, data: String) -> Bool {
        stream.write(EventStream.frame(event: event, id: id, data: data), wait: 0)
    }

    /// How long the browser is to wait before it comes back.
    @discardableResult
    package func retry(milliseconds: Int) -> Bool {
        stream.write(Array("retry: \(milliseconds)\n\n".utf8), wait: 0)
    }

    package var isOpen: Bool { stream.isOpen }
    package func close() { stream.close() }

    static func frame(event: String?, id: String?, data: String) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(data.utf8.count + 64)
        func line(_ name: StaticString, _ value: String) {
            name.withUTF8Buffer { out.append(contentsOf: $0) }
            out.append(contentsOf: value.utf8.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0 })
            out.append(0x0A)
        }
        if let event { line("event: ", event) }
        if let id { line("id: ", id) }
        // CR, LF and CR LF end a line to the reader.
        var start = data.utf8.startIndex
        var previous: UInt8 = 0
        for index in data.utf8.indices {
            let byte = data.utf8[index]
            if byte == 0x0A || byte == 0x0D {
                if !(byte == 0x0A && previous == 0x0D) { line("data: ", String(data.utf8[start..<index]) ?? "") }
                start = data.utf8.index(after: index)
            }
            previous = byte
        }
        line("data: ", String(data.utf8[start...]) ?? "")
        out.append(0x0A)
        return out
    }
}
