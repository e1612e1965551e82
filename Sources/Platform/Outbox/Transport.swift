import CBridge
import Core
import Glibc

/// A request to somebody outside.
package struct OutboundRequest: Sendable {
    package var method: String
    package var url: String
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8] = []
    /// 1...60,000.
    package var milliseconds = 30_000
    package var responseLimit = 1 << 20

    package init(method: String, url: String) {
        self.method = method
        self.url = url
    }
}

package struct OutboundResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// A mail on its way to the tenant's server.
package struct OutboundMail: Sendable {
    package enum Security: String, Sendable, CaseIterable {
        case none
        case starttls
        case implicit
    }

    package var host: String
    package var port: Int
    package var security: Security
    package var user: String
    package var password: String
    package var sender: String
    package var recipient: String
    package var message: [UInt8]

    package init(
        host: String, port: Int, security: Security, user: String, password: String, sender: String, recipient: String, message: [UInt8]
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.user = user
        self.password = password
        self.sender = sender
        self.recipient = recipient
        self.message = message
    }
}

/// Why nobody answered.
package struct OutboundFailure: Error, Sendable, Equatable {
    /// `http.timeout`, `http.unreachable`, `http.blocked`, `http.too_long`, `http.failed`.
    package let code: String
    package let message: String
    /// Something had left already: it may have arrived.
    package let isUnsure: Bool
    /// The last status of a mail server; 0 for none.
    package let status: Int

    package init(code: String, message: String, isUnsure: Bool, status: Int = 0) {
        self.code = code
        self.message = message
        self.isUnsure = isUnsure
        self.status = status
    }
}

/// The way to the world outside. Tests put another in its place.
package protocol Transport: Sendable {
    func send(_ request: OutboundRequest) throws(OutboundFailure) -> OutboundResponse
    func send(_ mail: OutboundMail) throws(OutboundFailure) -> String
    /// Bytes to a raw TCP port, such as a printer's 9100.
    func send(_ bytes: [UInt8], host: String, port: Int) throws(OutboundFailure)
}

/// The real way: libcurl, and sockets for printers.
package struct NetworkTransport: Transport {
    package let policy: OutboundPolicy

    package init(policy: OutboundPolicy) {
        self.policy = policy
    }

    package func send(_ request: OutboundRequest) throws(OutboundFailure) -> OutboundResponse {
        var lines = request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        lines += ["User-Agent: Kontor", "Expect:"]
        let result = perform(
            request.url, method: request.method, headers: lines, body: request.body, milliseconds: request.milliseconds,
            limit: request.responseLimit)
        if let failure = result.failure { throw failure }
        return OutboundResponse(status: result.status, headers: Self.headers(result.headers), body: result.body)
    }

    package func send(_ mail: OutboundMail) throws(OutboundFailure) -> String {
        let scheme = mail.security == .implicit ? "smtps" : "smtp"
        let result = perform(
            "\(scheme)://\(mail.host):\(mail.port)/kontor", method: nil, headers: [], body: mail.message, milliseconds: 60_000, limit: 64 << 10,
            mail: mail)
        if let failure = result.failure { throw failure }
        return "accepted by \(mail.host) with \(result.status)"
    }

    private struct Outcome {
        var status = 0
        var body: [UInt8] = []
        var headers: [UInt8] = []
        var failure: OutboundFailure?
    }

    private final class Gate {
        let policy: OutboundPolicy
        init(_ policy: OutboundPolicy) { self.policy = policy }
    }

    private func perform(
        _ url: String, method: String?, headers: [String], body: [UInt8], milliseconds: Int, limit: Int, mail: OutboundMail? = nil
    ) -> Outcome {
        var strings: [UnsafeMutablePointer<CChar>] = []
        defer { for string in strings { free(string) } }
        func keep(_ text: String?) -> UnsafePointer<CChar>? {
            guard let text, let copy = strdup(text) else { return nil }
            strings.append(copy)
            return UnsafePointer(copy)
        }
        let gate = Gate(policy)
        let lines = headers.map { keep($0) }
        let recipients = (mail.map { [$0.recipient] } ?? []).map { keep($0) }
        var transfer = kontor_transfer()
        transfer.url = keep(url)
        transfer.method = keep(method)
        transfer.sender = keep(mail?.sender)
        transfer.user = keep(mail?.user)
        transfer.password = keep(mail?.password)
        transfer.starttls = mail?.security == .starttls ? 1 : 0
        transfer.connect_milliseconds = min(10_000, milliseconds)
        transfer.milliseconds = milliseconds
        transfer.response_limit = limit
        transfer.certificates = keep(policy.certificatesPath)
        transfer.allow = mayConnect
        transfer.context = Unmanaged.passUnretained(gate).toOpaque()
        var result = kontor_transfer_result()
        withExtendedLifetime(gate) {
            lines.withUnsafeBufferPointer { lines in
                recipients.withUnsafeBufferPointer { recipients in
                    body.withUnsafeBufferPointer { body in
                        transfer.headers = lines.baseAddress
                        transfer.header_count = lines.count
                        transfer.recipients = recipients.baseAddress
                        transfer.recipient_count = recipients.count
                        transfer.body = body.baseAddress
                        transfer.body_length = body.count
                        kontor_transfer_perform(&transfer, &result)
                    }
                }
            }
        }
        defer { kontor_transfer_free(&result) }
        var outcome = Outcome()
        outcome.status = result.status
        outcome.body = Array(UnsafeBufferPointer(start: result.body, count: result.body_length))
        outcome.headers = Array(UnsafeBufferPointer(start: result.headers, count: result.headers_length))
        guard result.code != 0 else { return outcome }
        let words = withUnsafeBytes(of: result.error) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let code: String
        let message: String
        if result.is_blocked != 0 {
            (code, message) = ("http.blocked", "The address of \(url.split(separator: "/").dropFirst().first ?? "") is private, and the operator has not opened it.")
        } else if result.is_too_long != 0 {
            (code, message) = ("http.too_long", "The answer is longer than \(limit) bytes.")
        } else {
            code = result.code == 28 ? "http.timeout" : [6, 7].contains(result.code) ? "http.unreachable" : "http.failed"
            message = words
        }
        outcome.failure = OutboundFailure(code: code, message: message, isUnsure: result.sent > 0, status: result.status)
        return outcome
    }

    private static func headers(_ bytes: [UInt8]) -> [(name: String, value: String)] {
        bytes.split(separator: 0x0A).dropFirst().compactMap { line in
            let text = String(decoding: line, as: UTF8.self)
            guard let colon = text.firstIndex(of: ":") else { return nil }
            let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            return (text[..<colon].lowercased(), String(value.filter { $0 != "\r" && $0 != "\r\n" }))
        }
    }

    fileprivate static func allows(_ context: UnsafeMutableRawPointer, _ address: String) -> Bool {
        Unmanaged<Gate>.fromOpaque(context).takeUnretainedValue().policy.allows(address)
    }
}

private func mayConnect(_ context: UnsafeMutableRawPointer?, _ address: UnsafePointer<CChar>?) -> Int32 {
    guard let context, let address else { return 0 }
    return NetworkTransport.allows(context, String(cString: address)) ? 1 : 0
}
