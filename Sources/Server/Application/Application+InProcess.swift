import Core
import Platform
import Storage
import Synchronization

extension Application {
    /// Answers a request that did not come over a connection, and waits for it: the command line while no server runs, and
    /// tests. It goes the same way as any other, but for the credentials: `principal` is taken as it is.
    ///
    /// - Parameters:
    ///   - target: path and query, percent-encoded as in a request line.
    ///   - tenant: nil for the operator's API.
    ///   - headers: names in any case. A body is taken as JSON unless they say otherwise.
    /// - Returns: the answer, refusals too. Not to be called on a lane's or a pool's thread.
    package func perform(
        _ method: Endpoint.Method, _ target: String, tenant: Tenant? = nil, headers: [(String, String)] = [],
        body: [UInt8] = [], as principal: Principal? = nil
    ) -> HTTPResponse {
        let inquiry = LocalInquiry(
            method, target, headers: headers, body: body, host: tenant?.domain ?? "localhost")
        let answering = WaitingAnswer()
        Exchange(self, inquiry, answering, tenant: tenant, as: principal ?? .local(tenant)).start()
        return answering.wait()
    }
}

/// A request made in process.
private final class LocalInquiry: Inquiry {
    let verb: Verb
    let path: String
    let queryText: String
    let query: [(name: String, value: String)]
    let host: String
    let body: [UInt8]
    let peerAddress = "local"
    let isLocal = true
    let isTLS = false
    let requestID = Digest.hex(Random.bytes(16))
    private let headers: [(String, String)]

    init(_ method: Endpoint.Method, _ target: String, headers: [(String, String)], body: [UInt8], host: String) {
        verb = .of(method)
        self.host = host
        self.body = body
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = PercentEncoding.decode(parts[0])
        queryText = parts.count > 1 ? String(parts[1]) : ""
        query = queryText.split(separator: "&").map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                PercentEncoding.decode(sides[0], plusIsSpace: true),
                sides.count > 1 ? PercentEncoding.decode(sides[1], plusIsSpace: true) : ""
            )
        }
        var headers = headers.map { ($0.0.lowercased(), $0.1) }
        if !body.isEmpty, !headers.contains(where: { $0.0 == "content-type" }) {
            headers.append(("content-type", "application/json"))
        }
        self.headers = headers
    }

    func header(_ name: StaticString) -> String? {
        let name = name.description
        return headers.first { $0.0 == name }?.1
    }
}

/// Takes one answer and lets one thread wait for it.
private final class WaitingAnswer: Answering {
    private let slot = Mutex<HTTPResponse?>(nil)
    private let ready = Semaphore()

    func answer(_ response: HTTPResponse) {
        let isFirst = slot.withLock { slot in
            if slot != nil { return false }
            slot = response
            return true
        }
        if isFirst { ready.signal() }
    }

    let takesWhole = true

    func stream(
        _ response: HTTPResponse, keepAliveSeconds: Int, onClose: @escaping @Sendable () -> Void
    ) -> (any ByteSink)? { nil }

    func wait() -> HTTPResponse {
        ready.wait()
        return slot.withLock { $0 } ?? HTTPResponse(status: 500)
    }
}

enum PercentEncoding {
    /// Broken escapes stay as they are; broken UTF-8 is repaired.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            if byte == UInt8(ascii: "+"), plusIsSpace {
                bytes.append(0x20)
            } else if byte == UInt8(ascii: "%") {
                var ahead = rest
                if let high = ahead.next().flatMap(digit), let low = ahead.next().flatMap(digit) {
                    bytes.append(high << 4 | low)
                    rest = ahead
                } else {
                    bytes.append(byte)
                }
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
