import Core
import Platform
import Server
import Synchronization
import Testing

/// Answers that last hold what others need; there are only so many of them.
@Suite struct StreamLimitTests {
    @Test func `exports that nobody takes hold no reading thread, and too many are refused`() throws {
        let house = try TestHouse { settings in
            settings.readThreads = 1
            settings.exportThreads = 1
            settings.exportThreadsPerTenant = 1
            settings.exportQueue = 1
        }
        let long = "/api/test/export?lines=100000000"
        let client = try house.client()
        // One is being sent and stands still, as nobody reads it; one waits; the next finds no place.
        let taken = try house.client()
        #expect(try taken.open(long).status == 200)
        let waiting = try house.client()
        try waiting.begin(long)
        while house.application.waitingExports == 0 { _ = try client.send("OPTIONS", "/api/test/notes") }
        let refused = try client.get(long)
        #expect(refused.status == 503)
        #expect(refused.code == "server.too_many_exports")
        #expect(refused.header("retry-after") == "10")
        #expect(try client.get("/api/test/notes").status == 200, "reads go on")
        #expect(try house.client(at: house.globex).get("/api/test/notes").status == 200)
        // The place is free once the taker has gone.
        taken.disconnect()
        waiting.disconnect()
        var answer = refused
        while answer.status == 503 { answer = try client.get("/api/test/export?lines=3") }
        #expect(answer.text == "line 0\nline 1\nline 2\n")
    }

    @Test func `a stop leaves no export that waits to be gathered for nobody`() throws {
        let made = Mutex(0)
        let export = Endpoint(
            .get, "/api/test/endless", access: .signedIn, execution: .read,
            documentation: .init("Export", tag: "Test", replies: [.init(200, "Lines.", contentType: "text/plain")])
        ) { _ in
            Reply(contentType: "text/plain") { _, put in
                for _ in 0..<2_000 {
                    made.withLock { $0 += 1 }
                    try put([UInt8](repeating: 0x78, count: 64 << 10))
                }
            }
        }
        let house = try TestHouse(endpoints: TestEndpoints.all + [export]) { settings in
            settings.exportThreads = 1
            settings.exportThreadsPerTenant = 1
        }
        let client = try house.client()
        let taken = try house.client()
        #expect(try taken.open("/api/test/endless").status == 200)
        let waiting = try house.client()
        try waiting.begin("/api/test/endless")
        while house.application.waitingExports == 0 { _ = try client.send("OPTIONS", "/api/test/notes") }
        house.server.stop(drainSeconds: 0.1)
        house.application.stop()
        // The first filled its buffers; the second ended with its first piece.
        #expect(made.withLock { $0 } < 1_000)
    }

    @Test func `event streams are counted, and one that ends makes room`() throws {
        let house = try TestHouse { settings in
            settings.watchersPerTenant = 2
            settings.watchers = 3
        }
        let clients = try (0..<3).map { _ in try house.client() }
        #expect(try clients[0].open("/api/events").status == 200)
        #expect(try clients[1].open("/api/events").status == 200)
        let refused = try clients[2].get("/api/events")
        #expect(refused.status == 503)
        #expect(refused.code == "events.too_many_watchers")
        // Another business has places of its own, as long as the house has any.
        let others = try (0..<2).map { _ in try house.client(at: house.globex) }
        #expect(try others[0].open("/api/events").status == 200)
        #expect(try others[1].get("/api/events").code == "events.too_many_watchers")
        clients[0].disconnect()
        var status = 503
        while status == 503 {
            clients[2].disconnect()
            status = try clients[2].open("/api/events").status
        }
        #expect(status == 200)
    }
}
