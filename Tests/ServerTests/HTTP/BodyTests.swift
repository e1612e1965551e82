import Foundation
import Synchronization
import Testing

@testable import Server

@Suite struct BodyTests {
    @Test(arguments: [0, 1, 1000, 16_384, 40_000, 65_536])
    func `a body of known length arrives whole`(count: Int) throws {
        let server = try TestServer()
        let client = try server.client()
        let body = String((0..<count).map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) })
        #expect(try client.post("/", body).json["body"] as? String == body)
        #expect(try client.get("/next").status == 200)
    }

    @Test(arguments: [1, 3, 100, 5000])
    func `a chunked body arrives whole`(piece: Int) throws {
        let server = try TestServer()
        let client = try server.client()
        let body = String((0..<20_000).map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) })
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n")
        var rest = body[...]
        var sent: [UInt8] = []
        while !rest.isEmpty {
            let part = rest.prefix(piece)
            rest = rest.dropFirst(piece)
            sent += Array("\(String(part.count, radix: 16));extension=1\r\n\(part)\r\n".utf8)
            if sent.count > 700 { client.send(sent); sent = [] }
        }
        client.send(sent + Array("0\r\nX-Trailer: ignored\r\n\r\n".utf8))
        let response = try client.readResponse()
        #expect(response.json["body"] as? String == body)
        #expect(try client.get("/next").status == 200)
    }

    @Test func `a declared body beyond the limit is refused unread, one at the limit is taken`() throws {
        let handler = TestHandler(head: { _ in .readBody(limit: 10) })
        let server = try TestServer(handler)
        #expect(try server.client().post("/", "0123456789").json["body"] as? String == "0123456789")
        let client = try server.client()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")
        let response = try client.readResponse()
        #expect(response.status == 413)
        #expect(response.code == "http.body_too_large")
        #expect(try client.isClosedByPeer())
        #expect(handler.handledCount == 1)
    }

    @Test(arguments: ["/too-large", "/not-allowed"])
    func `a client that sends all of a refused upload gets its answer, not a reset`(path: String) throws {
        let server = try TestServer(TestHandler(head: { request in
            request.path == "/not-allowed" ? .answer(.text("no", status: 403)) : .readBody(limit: 1000)
        }))
        let client = try server.client()
        client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n")
        let piece = [UInt8](repeating: 120, count: 1_000_000)
        for _ in 0..<8 { #expect(client.send(piece)) }
        #expect(try client.readResponse().status == (path == "/too-large" ? 413 : 403))
        #expect(try client.isClosedByPeer())
    }

    @Test func `a chunked body beyond the limit is refused, and one far beyond is cut off`() throws {
        let handler = TestHandler(head: { _ in .readBody(limit: 10) })
        let server = try TestServer(handler)
        let client = try server.client()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n")
        let response = try client.readResponse()
        #expect(response.status == 413)
        #expect(response.header("connection")?.lowercased() == "close")
        #expect(try client.isClosedByPeer())

        let endless = try server.client()
        endless.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = Array("10000\r\n\(String(repeating: "x", count: 65536))\r\n".utf8)
        var sent = 0
        while sent < 200, endless.send(chunk) { sent += 1 }
        #expect(sent < 200)
        #expect(handler.handledCount == 0)
        #expect(try server.client().post("/", "ok").status == 200)
    }

    @Test func `a client that expects to be told to continue is told`() throws {
        let server = try TestServer()
        let client = try server.client()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.readHead().status == 100)
        client.send("hello")
        #expect(try client.readResponse().json["body"] as? String == "hello")
    }

    @Test func `a client that expects to be told to continue is told when not to`() throws {
        let server = try TestServer(TestHandler(head: { _ in .answer(.text("no", status: 401)) }))
        let client = try server.client()
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.readHead().status == 401)
        let tooLarge = try TestServer(TestHandler(head: { _ in .readBody(limit: 4) }))
        let other = try tooLarge.client()
        other.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(try other.readHead().status == 413)
    }

    @Test func `an answer at the head throws a small body away and keeps the connection`() throws {
        let handler = TestHandler(head: { request in request.path == "/no" ? .answer(.text("no", status: 401)) : .readBody(limit: 100) })
        let server = try TestServer(handler)
        let client = try server.client()
        #expect(try client.post("/no", String(repeating: "x", count: 5000)).status == 401)
        #expect(try client.get("/no").status == 401)
        #expect(try client.post("/yes", "body").json["body"] as? String == "body")
        #expect(handler.handledCount == 1)
        let large = try server.client()
        large.send("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
        let response = try large.readResponse()
        #expect(response.status == 401)
        #expect(response.header("connection")?.lowercased() == "close")
    }

    @Test func `a body that nobody wants is thrown away`() throws {
        let server = try TestServer(TestHandler(head: { _ in .handleNow }))
        let client = try server.client()
        let response = try client.post("/", "unwanted")
        #expect(response.status == 200)
        #expect(response.json["body"] as? String == "")
        #expect(try client.get("/next").status == 200)
    }

    @Test func `a client that leaves in the middle of its body reaches nobody`() throws {
        let server = try TestServer()
        do {
            let client = try server.client()
            client.send("POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
            try #require(eventually { server.server.counts.requests == 1 })
        }
        let finished = try server.handler.waitForFinished()
        #expect(finished.status == 499)
        #expect(server.handler.handledCount == 0)
        #expect(eventually { server.server.counts.connections == 0 })
    }
}
