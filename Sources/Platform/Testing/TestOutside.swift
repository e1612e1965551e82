import Core
import Synchronization

/// The world outside as a test wants it: who is stubbed answers, nobody else does. Nothing leaves.
final class TestOutside: Transport {
    private struct Stub: Sendable {
        let match: HTTPGrant
        let answer: Result<OutboundResponse, OutboundFailure>
    }

    private struct State: Sendable {
        var stubs: [Stub] = []
        var asked: [OutboundRequest] = []
        var unstubbed: [String] = []
    }

    private let state = Mutex(State())

    /// What was asked of whom, in its order.
    var asked: [OutboundRequest] { state.withLock { $0.asked } }
    /// `GET https://…` of what nobody answered for.
    var unstubbed: [String] { state.withLock { $0.unstubbed } }

    /// `stub(match, reply)`
    func stub(_ arguments: Arguments) throws {
        let text = try arguments.text(0)
        let match: HTTPGrant
        do throws(Problem) { match = try HTTPGrant(text.contains(" ") ? text : "* \(text)") } catch { throw arguments.wrong(0, "cannot be: \(error.detail)") }
        let reply = try arguments.options(1, "status", "headers", "body", "json", "error", "message")
        let answer: Result<OutboundResponse, OutboundFailure>
        if let code = try reply.text("error") {
            answer = .failure(OutboundFailure(code: code, message: try reply.text("message") ?? "Nobody answers.", isUnsure: false))
        } else {
            let status = try reply.integer("status") ?? 200
            guard (100...599).contains(status) else { throw arguments.wrong(1, "must have a status from 100 to 599") }
            var response = OutboundResponse(status: Int(status))
            for (name, value) in reply.object["headers"]?.object ?? Object() { response.headers.append((name.lowercased(), value.string ?? "")) }
            if let json = reply.object["json"], json != .null {
                response.body = JSON.serialize(json)
                if !response.headers.contains(where: { $0.name == "content-type" }) { response.headers.append(("content-type", "application/json")) }
            } else {
                response.body = Array((try reply.text("body") ?? "").utf8)
            }
            answer = .success(response)
        }
        state.withLock { $0.stubs.append(Stub(match: match, answer: answer)) }
    }

    func send(_ request: OutboundRequest) throws(OutboundFailure) -> OutboundResponse {
        let url = try? OutboundURL(request.url)
        let answer: Result<OutboundResponse, OutboundFailure>? = state.withLock { state in
            state.asked.append(request)
            if let found = state.stubs.last(where: { stub in url.map { stub.match.covers(request.method, $0) } ?? false }) { return found.answer }
            state.unstubbed.append("\(request.method) \(request.url)")
            return nil
        }
        guard let answer else {
            throw OutboundFailure(code: "http.unstubbed", message: "The test stubs nobody for \(request.method) \(request.url).", isUnsure: false)
        }
        return try answer.get()
    }

    // Messages are not delivered in tests; what was queued is looked at by expect_effect.

    func send(_ mail: OutboundMail) throws(OutboundFailure) -> String { throw Self.closed }
    func send(_ bytes: [UInt8], host: String, port: Int) throws(OutboundFailure) { throw Self.closed }

    private static let closed = OutboundFailure(code: "http.blocked", message: "Nothing leaves a test.", isUnsure: false)
}

extension TestRun {
    /// What was sent in this test, in its order, members as `expect_effect` names them; then what was asked of stubs.
    func effects() throws -> [Value] {
        var list: [Value] = []
        for message in try Outbox(db).list(limit: 1_000).reversed() where message.id > lastMessage {
            var effect = message.payload.object ?? Object()
            effect["id"] = .int(message.id)
            effect["kind"] = .string(message.kind.rawValue)
            effect["plugin"] = .string(message.plugin)
            effect["target"] = .string(message.target)
            if let key = message.dedupeKey { effect["key"] = .string(String(key.dropFirst(message.plugin.count + 1))) }
            if message.kind == .http { Self.read(&effect) }
            list.append(.object(effect))
        }
        for request in outside.asked {
            var effect: Object = [
                "id": 0, "kind": "http", "plugin": .string(subject.package?.name ?? ""), "target": .string("\(request.method) \(request.url)"),
                "method": .string(request.method), "url": .string(request.url), "body": .string(String(decoding: request.body, as: UTF8.self)),
                "headers": .object(Object(request.headers.map { ($0.name, Value.string($0.value)) })),
            ]
            Self.read(&effect)
            list.append(.object(effect))
        }
        return list
    }

    private static func read(_ effect: inout Object) {
        let type = effect["headers"]?.object?.first { $0.key.lowercased() == "content-type" }?.value.string ?? ""
        if type.contains("json"), let text = effect["body"]?.string, let json = try? JSON.parse(text) { effect["json"] = json }
    }
}
