import Foundation
import Synchronization
import Testing

@testable import Server

@Suite struct StopTests {
    /// Stops on another thread, as a signal would.
    private func stopping(_ server: HTTPServer, drain: Double) -> (DispatchSemaphore, StreamTests.Box<Int>) {
        let done = DispatchSemaphore(value: 0)
        let cut = StreamTests.Box<Int>()
        Thread.detachNewThread {
            cut.put(server.stop(drainSeconds: drain))
            done.signal()
        }
        return (done, cut)
    }

    @Test func `a request in flight is finished, a new connection is not taken`() throws {
        let waiting = StreamTests.Box<Responder>()
        let server = try TestServer(TestHandler { _, responder in waiting.put(responder) })
        let client = try server.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try #require(eventually { waiting.value != nil })
        let (done, cut) = stopping(server.server, drain: 10)
        try #require(eventually { (try? server.client()) == nil })
        waiting.value?.answer(.text("in time"))
        waiting.put(nil)
        let response = try client.readResponse()
        #expect(response.text == "in time")
        #expect(response.header("connection")?.lowercased() == "close")
        #expect(done.wait(timeout: .now() + 5) == .success)
        #expect(cut.value == 0)
    }

    @Test func `what is not finished in time is answered 503, and a late answer is dropped`() throws {
        let waiting = StreamTests.Box<Responder>()
        let server = try TestServer(TestHandler { _, responder in waiting.put(responder) })
        let client = try server.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try #require(eventually { waiting.value != nil })
        let (done, cut) = stopping(server.server, drain: 0.2)
        let response = try client.readResponse()
        #expect(response.status == 503)
        #expect(response.code == "http.stopping")
        #expect(response.header("retry-after") == "1")
        #expect(done.wait(timeout: .now() + 5) == .success)
        #expect(cut.value == 1)
        waiting.value?.answer(.text("late"))
        waiting.put(nil)
    }

    @Test func `event streams end at once, exports are finished`() throws {
        let events = StreamTests.Box<EventStream>()
        let export = StreamTests.Box<ResponseStream>()
        let server = try TestServer(TestHandler { request, responder in
            if request.path == "/events" { events.put(EventStream(responder)) }
            else { export.put(responder.stream(HTTPResponse(status: 200))) }
        })
        let listener = try server.client()
        listener.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        let reader = try server.client()
        reader.send("GET /export HTTP/1.1\r\nHost: a\r\n\r\n")
        try #require(eventually { events.value != nil && export.value != nil })
        let (done, _) = stopping(server.server, drain: 10)
        #expect(try listener.readResponse().status == 200) // to its regular end
        export.value?.write(Array("all of it".utf8))
        export.value?.close()
        #expect(try reader.readResponse().text == "all of it")
        #expect(done.wait(timeout: .now() + 5) == .success)
    }

    /// The library may find its own listener gone when it is told to stop listening while threads are busy with it.
    @Test func `stopping while clients come and go, and at the limit of connections, is survived`() throws {
        let port = Mutex<UInt16>(0)
        let isOver = Mutex(false)
        let crew = DispatchGroup()
        for _ in 0..<4 {
            crew.enter()
            Thread.detachNewThread {
                while !isOver.withLock({ $0 }) {
                    let client = try? RawClient(port: port.withLock { $0 }, timeoutSeconds: 1)
                    client?.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    _ = try? client?.readToEnd()
                }
                crew.leave()
            }
        }
        for _ in 0..<150 {
            let server = try TestServer { $0.connectionLimit = 4 }
            port.withLock { $0 = server.port }
            _ = try? server.handler.waitForFinished()
            server.server.stop(drainSeconds: 0.2)
        }
        isOver.withLock { $0 = true }
        crew.wait()
    }

    @Test func `idle connections do not delay the stop, and stopping twice is fine`() throws {
        let server = try TestServer()
        let idle = try (0..<20).map { _ in try server.client() }
        for client in idle { try client.get("/") }
        let (done, _) = stopping(server.server, drain: 60)
        #expect(done.wait(timeout: .now() + 10) == .success)
        for client in idle { #expect(try client.isClosedByPeer()) }
        #expect(server.server.stop() == 0)
    }

    @Test func `a stop under load loses nothing that was taken`() throws {
        for _ in 0..<10 {
            let server = try TestServer(TestHandler { _, responder in
                Thread.detachNewThread { responder.answer(.text("ok")) }
            })
            let going = Atomic<Bool>(true)
            let answered = DispatchGroup()
            let wrong = Mutex<[String]>([])
            let port = server.port
            withExtendedLifetime(going) {
                for _ in 0..<8 {
                    answered.enter()
                    Thread.detachNewThread {
                        defer { answered.leave() }
                        guard let client = try? RawClient(port: port) else { return }
                        while true {
                            guard client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), let response = try? client.readResponse() else { return }
                            if response.status != 200 && response.status != 503 { wrong.withLock { $0.append("\(response)") } }
                        }
                    }
                }
                let waited = eventually { server.handler.handledCount > 50 }
                #expect(waited)
                server.server.stop(drainSeconds: 0.05)
                #expect(answered.wait(timeout: .now() + 10) == .success)
                #expect(wrong.withLock { $0 } == [])
            }
        }
    }
}
