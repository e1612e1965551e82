import CBridge

/// One request whose head has passed the gate: well formed, with one valid Host and an unambiguous length.
///
/// It owns a copy of what was sent, so it may be kept and read on any thread, also after it was answered.
package final class HTTPRequest: @unchecked Sendable {
    // Safe to share: the head never changes after the gate; the body is written by the connection's thread before
    // `handle` and never after; both live as long as the reference that this object holds.
    let raw: OpaquePointer
    private let head: UnsafePointer<kh_head>

    /// The numeric address of the client: of the peer, or what a proxy that is trusted says; "local" on the Unix socket.
    package let peerAddress: String

    init(_ raw: OpaquePointer, proxies: Set<String>) {
        kh_request_retain(raw)
        self.raw = raw
        head = kh_request_head(raw)
        let peer = String(head.pointee.peer)
        peerAddress = proxies.contains(peer) ? Self.forwardedAddress(raw) ?? peer : peer
    }

    /// The last address of the last `X-Forwarded-For`: the one that the proxy itself has put there.
    private static func forwardedAddress(_ raw: OpaquePointer) -> String? {
        let name: StaticString = "x-forwarded-for"
        let header = name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount) {
            String(kh_request_last_header(raw, $0, name.utf8CodeUnitCount))
        }
        guard let last = header.split(separator: ",").last else { return nil }
        var address = last.drop { $0 == " " }
        while address.last == " " { address.removeLast() }
        return IPAddress.isNumeric(String(address)) ? String(address) : nil
    }

    deinit { kh_request_release(raw) }

    package var method: HTTPMethod { HTTPMethod(rawValue: head.pointee.method) ?? .other }

    /// Percent-decoded once: UTF-8 without control characters, dot segments and encoded slashes. Empty when refused.
    package var path: String { String(head.pointee.path) }

    /// The path's bytes, without making a string of them.
    package func withPathBytes<T>(_ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows -> T {
        try head.pointee.path.withBytes(body)
    }

    /// As it was sent, path and query.
    package var rawTarget: String { String(head.pointee.target) }

    /// As it was sent, without the question mark.
    package var rawQuery: String { String(head.pointee.query) }

    /// The query's parameters, decoded, in the order sent. Parsed at each call.
    package var query: [(name: String, value: String)] {
        head.pointee.query.withBytes { bytes in
            bytes.split(separator: UInt8(ascii: "&")).map { pair in
                let mark = pair.firstIndex(of: UInt8(ascii: "="))
                let value = mark.map { decoded(UnsafeBufferPointer(rebasing: pair[($0 + 1)...])) } ?? ""
                return (decoded(UnsafeBufferPointer(rebasing: pair[..<(mark ?? pair.endIndex)])), value)
            }
        }
    }

    /// The host that was asked for, in lower case, without the port.
    package var host: String { String(head.pointee.host) }

    /// - Parameter name: in lower case.
    /// - Returns: the first such header's value without surrounding blanks, or nil.
    package func header(_ name: StaticString) -> String? {
        let text = name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount) {
            kh_request_header(raw, $0, name.utf8CodeUnitCount)
        }
        return text.bytes == nil ? nil : String(text)
    }

    /// - Parameter name: in lower case.
    package func header(named name: String) -> String? {
        let text = name.withCString { kh_request_header(raw, $0, name.utf8.count) }
        return text.bytes == nil ? nil : String(text)
    }

    /// A copy of the body. Empty before `handle`.
    package var body: [UInt8] { kh_request_body(raw).withBytes { Array($0) } }
    package var bodyCount: Int { kh_request_body(raw).count }

    /// The body without a copy.
    package func withBody<T>(_ use: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
        try kh_request_body(raw).withBytes { try use(UnsafeRawBufferPointer($0)) }
    }

    /// What Content-Length said, in bytes; nil for a chunked body.
    package var contentLength: Int64? { head.pointee.content_length < 0 ? nil : head.pointee.content_length }
    /// Whether it came over the installation's own Unix socket.
    package var isLocalSocket: Bool { head.pointee.local }
    /// Whether the client speaks TLS, here or to a proxy in front.
    package var isTLS: Bool { head.pointee.tls }
    /// Whether the gate refused it; it then reaches `finished` only.
    package var isRefused: Bool { head.pointee.refused }
    /// 128 random bits in hex, or the client's `X-Request-Id` if that is 8 to 64 letters, digits, `-`, `_` or `.`.
    package var id: String { String(kh_request_id(raw)) }
    /// When the head was complete, in monotonic nanoseconds.
    package var receivedAt: UInt64 { head.pointee.received_at }

    /// Requests in memory in the whole process. For tests of leaks.
    package static var liveCount: Int { Int(kh_live_requests()) }
}

private func decoded(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return "" }
    return String(unsafeUninitializedCapacity: bytes.count) { out in
        start.withMemoryRebound(to: CChar.self, capacity: bytes.count) { from in
            out.withMemoryRebound(to: CChar.self) { to in
                guard let to = to.baseAddress else { return 0 }
                return kh_decode_query(from, bytes.count, to)
            }
        }
    }
}

extension kh_text {
    func withBytes<T>(_ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows -> T {
        try UnsafeRawBufferPointer(start: bytes, count: count).withMemoryRebound(to: UInt8.self, body)
    }
}

extension String {
    init(_ text: kh_text) {
        self = text.withBytes { String(decoding: $0, as: UTF8.self) }
    }
}
