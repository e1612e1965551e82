import Core
import Foundation
import Synchronization
import Testing

@testable import Server

@Suite struct ExchangeTests {
    @Test func `a connection is kept for many requests`() throws {
        let server = try TestServer()
        let client = try server.client()
        for number in 0..<100 {
            let response = try client.get("/\(number)")
            #expect(response.json["path"] as? String == "/\(number)")
            #expect(response.header("connection") == nil)
        }
        #expect(server.server.counts.connections == 1)
    }

    @Test func `pipelined requests are answered in order`() throws {
        let server = try TestServer()
        let client = try server.client()
        client.send((0..<50).map { number in
            number % 3 == 0
                ? "POST /\(number) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n\(10 + number % 10)"
                : "GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n"
        }.joined())
        for number in 0..<50 {
            let seen = try client.readResponse().json
            #expect(seen["path"] as? String == "/\(number)")
            #expect(seen["body"] as? String == (number % 3 == 0 ? "\(10 + number % 10)" : ""))
        }
    }

    @Test func `HTTP 1.0 and Connection close end the connection`() throws {
        let server = try TestServer()
        for head in ["GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"] {
            let client = try server.client()
            client.send(head)
            let response = try client.readResponse()
            #expect(response.status == 200)
            #expect(response.header("connection")?.lowercased() == "close")
            #expect(try client.isClosedByPeer())
        }
    }

    @Test func `HEAD has the length of GET and no body`() throws {
        let server = try TestServer(TestHandler { _, responder in responder.answer(.text("hello")) })
        let client = try server.client()
        client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = try client.readResponse(isHead: true)
        #expect(response.status == 200)
        #expect(response.header("content-length") == "5")
        #expect(try client.get("/x").text == "hello")
    }

    @Test func `the usual headers go with every answer and can be replaced`() throws {
        let server = try TestServer(TestHandler { request, responder in
            responder.answer(
                request.path == "/own"
                    ? HTTPResponse(
                        status: 201,
                        headers: [("cache-control", "max-age=5"), ("Content-Security-Policy", "default-src 'self'"), ("ETag", "\"1\"")],
                        body: Array("x".utf8), contentType: "text/html")
                    : HTTPResponse(status: 204, headers: []))
        })
        let client = try server.client()
        let plain = try client.get("/")
        #expect(plain.status == 204)
        #expect(plain.header("content-length") == nil)
        #expect(plain.header("cache-control") == "no-store")
        #expect(plain.header("x-content-type-options") == "nosniff")
        #expect(plain.header("referrer-policy") == "no-referrer")
        #expect(plain.header("content-security-policy") == "default-src 'none'; frame-ancestors 'none'")
        #expect(plain.header("strict-transport-security") == nil)
        #expect(plain.header("date") != nil)
        #expect(plain.header("x-request-id")?.count == 32)
        let own = try client.get("/own")
        #expect(own.status == 201)
        #expect(own.headers.filter { $0.0.lowercased() == "cache-control" }.map(\.1) == ["max-age=5"])
        #expect(own.headers.filter { $0.0.lowercased() == "content-security-policy" }.map(\.1) == ["default-src 'self'"])
        #expect(own.header("etag") == "\"1\"")
        #expect(own.header("content-type") == "text/html")
    }

    @Test func `a header that would break the head is not sent`() throws {
        let server = try TestServer(TestHandler { _, responder in
            let headers: [(String, String)] = [
                ("X-A", "b\r\nX-Evil: 1"), ("X-B", "c\nd"), ("X: Y", "z"), ("X-C", "nul\0x"), ("X-D", "good"),
            ]
            responder.answer(HTTPResponse(status: 200, headers: headers))
        })
        let response = try server.client().get("/")
        #expect(response.header("x-evil") == nil)
        let ours = response.headers.map(\.0).filter { $0.hasPrefix("X-") && $0.utf8.count == 3 }
        #expect(ours == ["X-D"])
    }

    @Test func `a problem is a problem document`() throws {
        let server = try TestServer(TestHandler { request, responder in
            let problem = Problem(
                429, "request.rate_limited", "Wait a \"little\".", field: "lines[0].sku", extra: [("limit", .int(100))],
                headers: [("Retry-After", "7")])
            responder.answer(.problem(problem, requestID: request.id))
        })
        let response = try server.client().get("/")
        #expect(response.status == 429)
        #expect(response.header("content-type") == "application/problem+json")
        #expect(response.header("retry-after") == "7")
        let id = try #require(response.header("x-request-id"))
        #expect(response.text == """
            {"type":"/problems/request.rate_limited","title":"Request: rate limited","status":429,"code":"request.rate_limited",\
            "detail":"Wait a \\"little\\".","field":"lines[0].sku","limit":100,"request_id":"\(id)"}
            """)
    }

    @Test func `a response made once is sent many times`() throws {
        let shared = try #require(SharedResponse(.json(.object(["status": "ok"]), status: 203)))
        let server = try TestServer(TestHandler { _, responder in responder.answer(HTTPResponse(shared: shared)) })
        let client = try server.client()
        for _ in 0..<10 {
            let response = try client.get("/")
            #expect(response.status == 203)
            #expect(response.text == #"{"status":"ok"}"#)
            #expect(response.header("cache-control") == "no-store")
        }
        #expect(try server.handler.waitForFinished().bytesOut == 15)
    }

    @Test func `a shared response may be dropped as soon as it is answered`() throws {
        let server = try TestServer(TestHandler { request, responder in
            let shared = SharedResponse(.text(String(repeating: request.path, count: 50_000)))
            Thread.detachNewThread { if let shared { responder.answer(HTTPResponse(shared: shared)) } }
        })
        let client = try server.client()
        for number in 0..<20 {
            #expect(try client.get("/\(number)").text == String(repeating: "/\(number)", count: 50_000))
        }
    }

    @Test func `answers may come from any thread, later`() throws {
        let waiting = Mutex<[(HTTPRequest, Responder)]>([])
        let server = try TestServer(TestHandler { request, responder in waiting.withLock { $0.append((request, responder)) } })
        let clients = try (0..<40).map { _ in try server.client() }
        for (number, client) in clients.enumerated() { client.send("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n") }
        try #require(eventually { waiting.withLock { $0.count } == 40 })
        #expect(server.server.counts.requests == 40)
        for thread in 0..<4 {
            Thread.detachNewThread {
                let mine = waiting.withLock { all in all.enumerated().filter { $0.offset % 4 == thread }.map(\.element) }
                for (request, responder) in mine.shuffled() { responder.answer(.json(describe(request))) }
            }
        }
        for (number, client) in clients.enumerated() {
            #expect(try client.readResponse().json["path"] as? String == "/\(number)")
        }
        waiting.withLock { $0 = [] }
        #expect(eventually { server.server.counts.requests == 0 })
    }

    @Test func `a client that leaves while its request waits does no harm`() throws {
        let waiting = Mutex<[Responder]>([])
        let server = try TestServer(TestHandler { request, responder in
            if request.path == "/wait" { waiting.withLock { $0.append(responder) } } else { responder.answer(.text("here")) }
        })
        for _ in 0..<20 {
            let client = try server.client()
            client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        } // closed here
        try #require(eventually { waiting.withLock { $0.count } == 20 })
        for responder in waiting.withLock({ $0 }) { responder.answer(.text(String(repeating: "x", count: 100_000))) }
        waiting.withLock { $0 = [] }
        #expect(try server.client().get("/").text == "here")
        #expect(eventually { server.server.counts.requests == 0 && server.server.counts.connections <= 1 })
    }

    @Test func `a responder that is dropped answers 500`() throws {
        let server = try TestServer(TestHandler { _, _ in })
        let response = try server.client().get("/")
        #expect(response.status == 500)
        #expect(response.code == "http.unanswered")
    }

    @Test func `only the first answer counts`() throws {
        let server = try TestServer(TestHandler { _, responder in
            responder.answer(.text("first"))
            responder.answer(.text("second"))
            #expect(responder.stream(HTTPResponse(status: 200)) == nil)
        })
        let client = try server.client()
        #expect(try client.get("/").text == "first")
        #expect(try client.get("/").text == "first")
    }

    @Test func `what is done is reported with status, size and time`() throws {
        let server = try TestServer(TestHandler { _, responder in responder.answer(.text("four", status: 404)) })
        _ = try server.client().get("/a?b=c")
        let finished = try server.handler.waitForFinished()
        #expect(finished == .init(method: .get, target: "/a?b=c", status: 404, bytesOut: 4, isRefused: false))
    }

    @Test func `a request may be kept and read after it was answered`() throws {
        let kept = Mutex<HTTPRequest?>(nil)
        let server = try TestServer(TestHandler { request, responder in
            kept.withLock { $0 = request }
            responder.answer(.text("ok"))
        })
        let client = try server.client()
        try client.post("/kept?a=1", "body", headers: "X-Note: mine\r\n")
        for _ in 0..<10 { try client.post("/kept?a=1", "others", headers: "X-Note: other\r\n") }
        _ = try server.handler.waitForFinished()
        client.endWriting()
        #expect(try client.isClosedByPeer())
        let request = try #require(kept.withLock { $0 })
        #expect(request.path == "/kept")
        #expect(request.body == Array("others".utf8))
        #expect(request.header("x-note") == "other")
        #expect(request.header(named: "x-note") == "other")
        #expect(request.header("x-absent") == nil)
        #expect(request.peerAddress == "127.0.0.1")
    }

    @Test func `nothing of a request is left in memory after load`() throws {
        struct Weak { weak var request: HTTPRequest? }
        let seen = Mutex<[Weak]>([])
        do {
            let server = try TestServer(TestHandler(
                head: { request in
                    seen.withLock { $0.append(Weak(request: request)) }
                    return request.path == "/no" ? .answer(.text("no", status: 403)) : .readBody(limit: 1000)
                },
                handle: { request, responder in
                    switch request.path.last {
                    case "0": Thread.detachNewThread { responder.answer(.json(describe(request))) }
                    case "1": break // dropped
                    case "2":
                        let stream = responder.stream(HTTPResponse(status: 200))
                        stream?.write(request.body)
                        stream?.close()
                    default: responder.answer(.json(describe(request)))
                    }
                }))
            let client = try server.client()
            for number in 0..<500 { try client.post("/\(number)", "body \(number)") }
            for rude in ["POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf", "GET /10 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /12 HTTP/1.1\r\nHost: a\r\n\r\n"] {
                for _ in 0..<20 { try server.client().send(rude) }
            }
            for _ in 0..<20 { _ = try server.client().post("/no", "x") }
            let expected = eventually { seen.withLock { $0.count } >= 580 }
            #expect(expected)
        }
        #expect(eventually { seen.withLock { $0.allSatisfy { $0.request == nil } } })
    }
}
