import Foundation
import Synchronization
import Testing

@testable import Server

@Suite struct SlownessTests {
    /// Sends a byte at a time until the server has had enough, while others are served.
    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nEA60\r\n",
        "",
    ])
    func `a client that trickles is cut off, and others are served meanwhile`(start: String) throws {
        let server = try TestServer {
            $0.requestDeadlineSeconds = 1
            $0.idleTimeoutSeconds = 10
        }
        let slow = try RawClient(port: server.port)
        slow.send(start)
        let quick = try server.client()
        var served = 0
        while served < 5000, slow.send("x") {
            #expect(try quick.get("/").status == 200)
            served += 1
            usleep(10_000) // the client's own slowness
        }
        #expect(served > 3 && served < 5000)
        #expect(server.server.counts.cutOff == 1, "by the deadline: it was never idle")
        #expect(server.handler.finished.filter { $0.status == 200 }.count == served)
    }

    @Test func `a silent connection is closed after the idle timeout`() throws {
        let server = try TestServer { $0.idleTimeoutSeconds = 1 }
        let silent = try server.client()
        let half = try server.client()
        half.send("GET / HTTP/1.1\r\nHos")
        let kept = try server.client()
        try kept.get("/")
        #expect(try silent.isClosedByPeer())
        #expect(try half.isClosedByPeer())
        #expect(try kept.isClosedByPeer())
        #expect(eventually { server.server.counts.connections == 0 })
    }

    @Test func `a request that is waiting for its answer is not cut off`() throws {
        let waiting = StreamTests.Box<Responder>()
        let server = try TestServer(TestHandler { _, responder in waiting.put(responder) }) {
            $0.idleTimeoutSeconds = 1
            $0.requestDeadlineSeconds = 1
        }
        let client = try server.client()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok")
        try #require(eventually { waiting.value != nil })
        // While the server gives up on three silent connections, one after the other, every limit passes twice.
        for _ in 0..<3 { #expect(try server.client().isClosedByPeer()) }
        waiting.value?.answer(.text("done"))
        waiting.put(nil)
        #expect(try client.readResponse().text == "done")
    }

    @Test func `a client that does not read its answer is cut off`() throws {
        let server = try TestServer(TestHandler { _, responder in
            responder.answer(HTTPResponse(status: 200, body: [UInt8](repeating: 120, count: 20 << 20)))
        }) { $0.idleTimeoutSeconds = 1 }
        let client = try server.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let finished = try server.handler.waitForFinished()
        #expect(finished.status == 200)
        #expect(eventually { server.server.counts.connections == 0 })
    }

    @Test func `connections beyond the limit wait until another one ends`() throws {
        let server = try TestServer {
            $0.connectionLimit = 4
            $0.threads = 1
        }
        var held = try (0..<4).map { _ in try server.client() }
        for client in held { #expect(try client.get("/").status == 200) }
        let fifth = try server.client()
        fifth.send("GET /fifth HTTP/1.1\r\nHost: a\r\n\r\n")
        for client in held { #expect(try client.get("/").status == 200) }
        #expect(!server.handler.finished.map(\.target).contains("/fifth"))
        held.removeLast()
        #expect(try fifth.readResponse().json["path"] as? String == "/fifth")
    }

    @Test func `connections of one peer are limited`() throws {
        let server = try TestServer { $0.connectionLimitPerPeer = 5 }
        let held = try (0..<5).map { _ in try server.client() }
        for client in held { #expect(try client.get("/").status == 200) }
        let sixth = try server.client()
        sixth.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(throws: RawClient.Failure.self) { try sixth.readResponse() }
        for client in held { #expect(try client.get("/").status == 200) }
    }
}
