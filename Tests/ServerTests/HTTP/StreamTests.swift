import Foundation
import Synchronization
import Testing

@testable import Server

@Suite struct StreamTests {
    /// Keeps what a handler opened for the test to use.
    final class Box<T: Sendable>: Sendable {
        private let state = Mutex<T?>(nil)
        var value: T? { state.withLock { $0 } }
        func put(_ new: T?) { state.withLock { $0 = new } }
    }

    @Test func `a body written bit by bit arrives whole`() throws {
        let server = try TestServer(TestHandler { _, responder in
            let stream = responder.stream(HTTPResponse(status: 200, contentType: "text/csv"), capacity: 1000)
            Thread.detachNewThread {
                for number in 0..<2000 { stream?.write(Array("line \(number)\n".utf8)) }
                stream?.close()
            }
        })
        let client = try server.client()
        for _ in 0..<3 {
            let response = try client.get("/export")
            #expect(response.status == 200)
            #expect(response.header("content-type") == "text/csv")
            #expect(response.header("transfer-encoding") == "chunked")
            #expect(response.text == (0..<2000).map { "line \($0)\n" }.joined())
        }
        #expect(eventually { server.server.counts.streams == 0 })
    }

    @Test func `a stream that is dropped or aborted breaks the connection`() throws {
        let server = try TestServer(TestHandler { request, responder in
            let stream = responder.stream(HTTPResponse(status: 200))
            stream?.write(Array("half".utf8))
            if request.path == "/abort" { stream?.abort() }
        })
        for path in ["/abort", "/drop"] {
            let client = try server.client()
            client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
            let bytes = try client.readToEnd()
            #expect(!String(decoding: bytes, as: UTF8.self).hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func `events arrive one by one, framed`() throws {
        let box = Box<EventStream>()
        let server = try TestServer(TestHandler { _, responder in box.put(EventStream(responder)) })
        let client = try server.client()
        client.send("GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 41\r\n\r\n")
        let head = try client.readHead()
        #expect(head.status == 200)
        #expect(head.header("content-type") == "text/event-stream")
        #expect(head.header("cache-control") == "no-store")
        try #require(eventually { box.value != nil })
        let events = try #require(box.value)
        #expect(events.lastEventID == "41")
        #expect(events.send(event: "scan", id: "42", data: #"{"code":"4006381333931"}"#))
        #expect(String(decoding: try client.readChunk(), as: UTF8.self) == "event: scan\nid: 42\ndata: {\"code\":\"4006381333931\"}\n\n")
        #expect(events.send(data: "two\nlines"))
        #expect(String(decoding: try client.readChunk(), as: UTF8.self) == "data: two\ndata: lines\n\n")
        #expect(events.retry(milliseconds: 2000))
        #expect(String(decoding: try client.readChunk(), as: UTF8.self) == "retry: 2000\n\n")
        events.close()
        #expect(try client.readChunk().isEmpty)
        #expect(!events.send(data: "late"))
    }

    @Test(arguments: [
        ("a", "data: a\n\n"), ("", "data: \n\n"), ("a\nb", "data: a\ndata: b\n\n"), ("a\r\nb\rc\n", "data: a\ndata: b\ndata: c\ndata: \n\n"),
        ("ä\n\nb", "data: ä\ndata: \ndata: b\n\n"),
    ])
    func `each line of an event's data is a field`(data: String, frame: String) {
        #expect(String(decoding: EventStream.frame(event: nil, id: nil, data: data), as: UTF8.self) == frame)
    }

    @Test func `an event cannot be forged through its name`() {
        let frame = EventStream.frame(event: "a\nid: 9", id: "1\r\ndata: x", data: "d")
        #expect(String(decoding: frame, as: UTF8.self) == "event: aid: 9\nid: 1data: x\ndata: d\n\n")
    }

    @Test func `a silent event stream is kept alive by comments`() throws {
        let box = Box<EventStream>()
        let server = try TestServer(TestHandler { _, responder in box.put(EventStream(responder, keepAliveSeconds: 1)) }) {
            $0.idleTimeoutSeconds = 1
        }
        let client = try server.client()
        client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.readHead()
        for _ in 0..<3 { #expect(String(decoding: try client.readChunk(), as: UTF8.self) == ":\n\n") }
        #expect(box.value?.isOpen == true)
    }

    @Test func `a client that leaves a silent stream is noticed`() throws {
        let box = Box<EventStream>()
        let closed = DispatchSemaphore(value: 0)
        let server = try TestServer(TestHandler { _, responder in
            box.put(EventStream(responder, keepAliveSeconds: 600) { closed.signal() })
        })
        do {
            let client = try server.client()
            client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.readHead()
            #expect(server.server.counts.streams == 1)
        }
        #expect(closed.wait(timeout: .now() + 10) == .success)
        #expect(box.value?.send(data: "anyone?") == false)
        #expect(eventually { server.server.counts.connections == 0 && server.server.counts.streams == 0 })
    }

    @Test func `a reader that is too slow for its buffer is cut off`() throws {
        let box = Box<EventStream>()
        let server = try TestServer(TestHandler { _, responder in box.put(EventStream(responder, capacity: 32 << 10)) })
        let client = try server.client()
        client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.readHead()
        try #require(eventually { box.value != nil })
        let line = String(repeating: "x", count: 10_000)
        var sent = 0
        while box.value?.send(data: line) == true, sent < 100_000 { sent += 1 }
        #expect(sent < 100_000, "the socket's buffers and ours are bounded")
        #expect(box.value?.isOpen == false)
        #expect(eventually { server.server.counts.streams == 0 })
    }

    @Test func `a writer that waits gives up on a reader that stalls`() throws {
        let done = Box<Bool>()
        let server = try TestServer(TestHandler { _, responder in
            let stream = responder.stream(HTTPResponse(status: 200), capacity: 4096)
            Thread.detachNewThread {
                let piece = [UInt8](repeating: 120, count: 1 << 20)
                var pieces = 0
                while stream?.write(piece, wait: 300) == true, pieces < 1000 { pieces += 1 }
                done.put(pieces < 1000)
            }
        })
        let client = try server.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(eventually { done.value != nil })
        #expect(done.value == true)
        #expect(try server.client().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    }

    @Test func `many streams and requests share the server`() throws {
        let streams = Mutex<[EventStream]>([])
        let server = try TestServer(TestHandler { request, responder in
            if request.path == "/events", let events = EventStream(responder) { streams.withLock { $0.append(events) } }
            else { responder.answer(.text("ok")) }
        })
        let readers = try (0..<50).map { _ in
            let client = try server.client()
            client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try client.readHead()
            return client
        }
        try #require(eventually { streams.withLock { $0.count } == 50 })
        let quick = try server.client()
        for round in 0..<20 {
            for stream in streams.withLock({ $0 }) { #expect(stream.send(data: "\(round)")) }
            #expect(try quick.get("/").text == "ok")
        }
        for reader in readers {
            var text = ""
            while !text.hasSuffix("data: 19\n\n") { text += String(decoding: try reader.readChunk(), as: UTF8.self) }
            #expect(text == (0..<20).map { "data: \($0)\n\n" }.joined())
        }
    }

    @Test func `HTTP 1.0 gets a stream to the end of the connection, HEAD gets the head`() throws {
        let server = try TestServer(TestHandler { _, responder in
            let stream = responder.stream(HTTPResponse(status: 200))
            stream?.write(Array("whole".utf8))
            stream?.close()
        })
        let old = try server.client()
        old.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        #expect(try old.readResponse().text == "whole")
        let head = try server.client()
        head.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = try head.readResponse(isHead: true)
        #expect(response.status == 200)
        #expect(response.header("connection")?.lowercased() == "close")
        #expect(try !String(decoding: head.readToEnd(), as: UTF8.self).contains("HTTP/1.1"))
    }
}
