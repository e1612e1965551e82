import Core
import Platform

extension Exchange {
    func render(_ reply: Reply) throws -> HTTPResponse {
        switch reply.body {
        case .none: return HTTPResponse(status: reply.status, headers: reply.headers)
        case .json(let value):
            return HTTPResponse(
                status: reply.status, headers: reply.headers, body: JSON.serialize(value), contentType: "application/json")
        case .bytes(let bytes, let type):
            return HTTPResponse(status: reply.status, headers: reply.headers, body: bytes, contentType: type)
        case .stream(let type, let write):
            // Not a read: what comes must be whole before it is answered.
            guard let call else { return HTTPResponse(status: reply.status) }
            var bytes: [UInt8] = []
            try write(call) { bytes += $0 }
            return HTTPResponse(status: reply.status, headers: reply.headers, body: bytes, contentType: type)
        }
    }

    func answer(_ response: HTTPResponse) {
        var response = response
        if response.status == 200, endpoint?.method == .get, let tag = response.header("ETag"),
            let known = inquiry.header("if-none-match"), ConditionalGet.list(known, contains: tag)
        {
            response.status = 304
            response.body = []
        }
        // First, so that who has an answer finds it counted.
        note(status: response.status, bytes: response.body.count)
        answering.answer(response)
    }

    /// Counts and logs what was answered.
    func note(status: Int, bytes: Int) {
        let nanoseconds = monotonicNanoseconds() - startedAt
        let figures = application.statistics.count(endpoint, status: status, nanoseconds: nanoseconds)
        if let tenant {
            application.requestLog.add(
                RequestLog.Row(
                    at: now.milliseconds, endpoint: figures.name, microseconds: Int64(nanoseconds / 1_000), status: Int64(status),
                    userID: principal.userID), tenant: tenant.id)
        }
        application.log(.info, "request") { line in
            line.member("request_id", inquiry.requestID)
            if let tenant { line.member("tenant", tenant.id) }
            if !principal.username.isEmpty { line.member("user", principal.username) }
            line.member("address", inquiry.peerAddress)
            line.member("method", inquiry.verb.name)
            line.member("path", inquiry.path)
            line.member("endpoint", figures.name)
            line.member("status", Int64(status))
            line.member("bytes", Int64(bytes))
            line.member("ms", value: .double(Double(nanoseconds / 1_000) / 1_000))
        }
    }

    func refuse(_ error: any Error) {
        answer(HTTPResponse.problem(problem(of: error), requestID: inquiry.requestID))
    }

    /// What the caller may know of an error. The rest goes to the log, under the request's id.
    func problem(of error: any Error) -> Problem {
        if let known = error as? any ProblemConvertible { return known.problem }
        application.log(.error, "server.internal") { line in
            line.member("request_id", inquiry.requestID)
            line.member("path", inquiry.path)
            line.member("error", String(describing: error))
        }
        return Problem(
            500, "server.internal", "Something went wrong here, and it is not your doing. The log knows it by the reference.",
            extra: [("reference", .string(inquiry.requestID))])
    }

    /// Sends what `write` makes while it makes it: short answers at once, long ones as a stream.
    /// - Returns: the answer, when it was short; nil when it has been streamed.
    func stream(
        _ reply: Reply, _ contentType: String, _ call: Call,
        _ write: @Sendable (_ call: Call, _ put: ([UInt8]) throws -> Void) throws -> Void
    ) throws -> HTTPResponse? {
        let threshold = 64 << 10
        let head = HTTPResponse(status: reply.status, headers: reply.headers, contentType: contentType)
        var waiting: [UInt8] = []
        var sink: (any ByteSink)?
        var isWhole = false
        var sent = 0
        func flush() throws {
            if sink == nil { sink = answering.stream(head, keepAliveSeconds: 0, onClose: {}) }
            guard let sink else {
                // Answered before, as when the server stops: nobody takes it, and it must not gather here.
                guard answering.takesWhole else { throw ReaderGone() }
                return
            }
            guard sink.write(waiting, wait: 10_000) else { throw ReaderGone() }
            sent += waiting.count
            waiting.removeAll(keepingCapacity: true)
        }
        defer { if !isWhole { sink?.abort() } }
        do {
            try write(call) { piece in
                waiting += piece
                if waiting.count >= threshold { try flush() }
            }
            if sink != nil {
                try flush()
                note(status: reply.status, bytes: sent)
                sink?.close()
                isWhole = true
                return nil
            }
        } catch {
            // Once something was sent, the only honest refusal is to break off.
            if sink == nil, !(error is ReaderGone) { throw error }
            if error is ReaderGone { note(status: 499, bytes: sent) } else { note(status: problem(of: error).status, bytes: sent) }
            return nil
        }
        isWhole = true
        var response = head
        response.body = waiting
        return response
    }
}

private struct ReaderGone: Error {}

/// Media types as they stand in `Content-Type`.
enum MediaType {
    static func isJSON(_ header: String?) -> Bool {
        guard let header else { return false }
        if header == "application/json" { return true }
        let essence = essence(header)
        return essence == "application/json" || (essence.hasPrefix("application/") && essence.hasSuffix("+json"))
    }

    /// Without parameters, in lower case; empty for none.
    static func essence(_ header: String?) -> String {
        guard let header else { return "" }
        let end = header.utf8.firstIndex(of: UInt8(ascii: ";")) ?? header.endIndex
        var text = header[..<end]
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        return text.lowercased()
    }
}

enum ConditionalGet {
    /// Whether an `If-None-Match` names the tag; weak and strong ones are the same to it.
    static func list(_ header: String, contains tag: String) -> Bool {
        if header == "*" { return true }
        let wanted = strong(tag[...])
        return header.split(separator: ",").contains { part in
            var part = part
            while part.first == " " { part.removeFirst() }
            while part.last == " " { part.removeLast() }
            return strong(part) == wanted
        }
    }

    private static func strong(_ tag: Substring) -> Substring {
        tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
    }
}

extension HTTPResponse {
    /// What an idempotency key keeps of it.
    var kept: Idempotency.Answer {
        Idempotency.Answer(status: status, contentType: contentType ?? "", body: body)
    }
}
