import CBridge
import Core

/// One answer. `X-Content-Type-Options`, `Referrer-Policy`, `Cache-Control: no-store` and a closed content policy go with
/// it unless `headers` say otherwise; the date, the length and the connection's fate are added on the way out.
package struct HTTPResponse: Sendable {
    /// 200...599
    package var status: Int
    package var headers: [(String, String)]
    package var body: [UInt8]
    package var contentType: String?
    /// An answer made before; the other members then describe it only.
    package private(set) var shared: SharedResponse?

    package init(status: Int, headers: [(String, String)] = [], body: [UInt8] = [], contentType: String? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        self.contentType = contentType
    }

    package init(shared: SharedResponse) {
        status = shared.status
        headers = []
        body = []
        self.shared = shared
    }

    package static func json(_ value: Value, status: Int = 200, headers: [(String, String)] = []) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: JSON.serialize(value), contentType: "application/json")
    }

    /// For a body that is JSON already.
    package static func json(bytes: [UInt8], status: Int = 200, headers: [(String, String)] = []) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: bytes, contentType: "application/json")
    }

    package static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, body: Array(text.utf8), contentType: "text/plain; charset=utf-8")
    }

    /// The problem document of RFC 9457.
    package static func problem(_ problem: Problem, requestID: String) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("type", "/problems/" + problem.code)
        json.member("title", title(of: problem.code))
        json.member("status", Int64(problem.status))
        json.member("code", problem.code)
        json.member("detail", problem.detail)
        if let field = problem.field { json.member("field", field) }
        for (name, value) in problem.extra { json.member(name, value: value) }
        json.member("request_id", requestID)
        json.endObject()
        return HTTPResponse(
            status: problem.status, headers: problem.headers, body: json.bytes, contentType: "application/problem+json")
    }

    /// `ledger.period_closed` reads as "Ledger: period closed", `DUPLICATE_TRANSACTION` as "Duplicate transaction".
    static func title(of code: String) -> String {
        let words = code.lowercased().map { $0 == "_" ? " " : $0 == "." ? ": " : String($0) }.joined()
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    /// - Parameter name: in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.0.equalsIgnoringCase(name) }?.1
    }

    /// What the library sends; nil without memory.
    func makeRaw(isTLS: Bool, requestID raw: OpaquePointer?) -> OpaquePointer? {
        let response = body.withUnsafeBytes { kh_response_new($0.baseAddress, $0.count, commonHeaders, isTLS) }
        guard let response else { return nil }
        addHeaders(to: response)
        if let raw { kh_response_request_id(response, raw) }
        return response
    }

    /// Which of the usual headers are not set here.
    var commonHeaders: Int32 {
        var common = Int32(KH_SECURE | KH_NO_STORE | KH_CLOSED)
        for (name, _) in headers {
            if name.equalsIgnoringCase("Cache-Control") { common &= ~Int32(KH_NO_STORE) }
            if name.equalsIgnoringCase("Content-Security-Policy") { common &= ~Int32(KH_CLOSED) }
        }
        return common
    }

    /// A name or value that would break the head is left out.
    func addHeaders(to response: OpaquePointer) {
        if let contentType { _ = kh_response_header(response, "Content-Type", contentType) }
        for (name, value) in headers where isSendable(name: name, value: value) {
            _ = kh_response_header(response, name, value)
        }
    }
}

/// Control characters could end the line or, as NUL, cut the value.
private func isSendable(name: String, value: String) -> Bool {
    !name.utf8.contains { $0 <= 0x20 || $0 >= 0x7F || $0 == UInt8(ascii: ":") }
        && !value.utf8.contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }
}

extension String {
    /// For ASCII.
    package func equalsIgnoringCase(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        return zip(utf8, other.utf8).allSatisfy { a, b in
            a == b || (a | 0x20 == b | 0x20 && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(a | 0x20))
        }
    }
}
