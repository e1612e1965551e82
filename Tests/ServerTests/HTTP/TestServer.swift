import Foundation
import Synchronization
import Testing

@testable import Server

/// A handler made of closures; without any it tells the client what it understood.
final class TestHandler: HTTPHandler {
    typealias Head = @Sendable (HTTPRequest) -> HeadDecision
    typealias Handle = @Sendable (HTTPRequest, Responder) -> Void

    struct Finished: Equatable {
        var method: HTTPMethod
        var target: String
        var status: Int
        var bytesOut: Int
        var isRefused: Bool
    }

    private let onHead: Head
    private let onHandle: Handle
    private let state = Mutex<(handled: Int, finished: [Finished])>((0, []))
    private let arrived = DispatchSemaphore(value: 0)

    init(head: @escaping Head, handle: @escaping Handle) {
        onHead = head
        onHandle = handle
    }

    convenience init(head: @escaping Head) { self.init(head: head, handle: TestHandler.echo) }
    convenience init(_ handle: @escaping Handle = TestHandler.echo) { self.init(head: TestHandler.readBodies, handle: handle) }

    static let readBodies: Head = { request in
        request.contentLength == 0 ? .handleNow : .readBody(limit: 64 << 10)
    }

    static let echo: Handle = { request, responder in responder.answer(.json(describe(request))) }

    func head(_ request: HTTPRequest) -> HeadDecision { onHead(request) }

    func handle(_ request: HTTPRequest, _ responder: Responder) {
        state.withLock { $0.handled += 1 }
        onHandle(request, responder)
    }

    func finished(_ request: HTTPRequest, status: Int, bytesOut: Int, nanoseconds: UInt64) {
        let entry = Finished(
            method: request.method, target: request.rawTarget, status: status, bytesOut: bytesOut, isRefused: request.isRefused)
        state.withLock { $0.finished.append(entry) }
        arrived.signal()
    }

    var handledCount: Int { state.withLock { $0.handled } }
    var finished: [Finished] { state.withLock { $0.finished } }

    /// Waits for one more exchange to be over.
    func waitForFinished() throws -> Finished {
        guard arrived.wait(timeout: .now() + 10) == .success else { throw RawClient.Failure(description: "never finished") }
        return finished.last!
    }
}

/// A server on a free port, stopped at the end.
struct TestServer: ~Copyable {
    let server: HTTPServer
    let handler: TestHandler
    let port: UInt16

    init(_ change: (inout HTTPServer.Configuration) -> Void) throws { try self.init(TestHandler(), change) }

    init(_ handler: TestHandler = TestHandler(), _ change: (inout HTTPServer.Configuration) -> Void = { _ in }) throws {
        var configuration = HTTPServer.Configuration()
        configuration.addresses = ["127.0.0.1"]
        change(&configuration)
        self.handler = handler
        server = HTTPServer(configuration, handler: handler)
        port = try server.start()
    }

    func client() throws -> RawClient { try RawClient(port: port) }

    deinit { server.stop(drainSeconds: 0.2) }
}

import Core

func describe(_ request: HTTPRequest) -> Value {
    var object = Object()
    object.append("method", .string(request.method.name))
    object.append("path", .string(request.path))
    object.append("query", .array(request.query.map { .array([.string($0.name), .string($0.value)]) }))
    object.append("host", .string(request.host))
    object.append("body", .string(String(decoding: request.body, as: UTF8.self)))
    object.append("peer", .string(request.peerAddress))
    object.append("local", .bool(request.isLocalSocket))
    object.append("tls", .bool(request.isTLS))
    object.append("id", .string(request.id))
    object.append("note", request.header("x-note").map { .string($0) } ?? .null)
    return .object(object)
}

/// Waits until it holds, without a fixed sleep; for what another thread does a moment later.
func eventually(_ holds: () -> Bool) -> Bool {
    for _ in 0..<5000 {
        if holds() { return true }
        usleep(1000)
    }
    return holds()
}
