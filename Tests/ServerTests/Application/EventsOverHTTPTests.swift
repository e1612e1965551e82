import Core
import Platform
import Server
import Testing

@Suite struct EventsOverHTTPTests {
    /// Reads lines of a chunked event stream until one begins so.
    private func next(_ client: WebClient, _ prefix: String) throws -> String {
        while true {
            let line = try client.line()
            if line.hasPrefix(prefix) { return String(line.dropFirst(prefix.count)) }
        }
    }

    @Test func `who watches sees what happens in the own tenant, and what they may see`() throws {
        let house = try TestHouse()
        try house.user("kofi")
        #expect(try house.anonymous().get("/api/events").status == 401)
        let admin = try house.client()
        let kofi = try house.client("kofi")
        for client in [admin, kofi] {
            let head = try client.open("/api/events")
            #expect(head.status == 200)
            #expect(head.header("content-type") == "text/event-stream; charset=utf-8")
            #expect(try next(client, "retry: ") == "2000")
        }
        let events = house.application.events
        events.publish(tenant: house.globex.id, "foreign", ["n": 0])
        events.publish(tenant: house.acme.id, "restricted", ["n": 1], permission: "ledger.view")
        events.publish(tenant: house.acme.id, "job.progress", ["n": 2])
        #expect(try next(admin, "data: ") == #"{"n":1}"#)
        #expect(try next(admin, "event: ") == "job.progress")
        #expect(try next(kofi, "event: ") == "job.progress")
        #expect(try next(kofi, "data: ") == #"{"n":2}"#)
    }

    @Test func `who comes back gets what was missed`() throws {
        let house = try TestHouse()
        let client = try house.client()
        _ = try client.open("/api/events")
        _ = try next(client, "retry: ")
        house.application.events.publish(tenant: house.acme.id, "a", [:])
        let id = try next(client, "id: ")
        let other = try house.client()
        house.application.events.publish(tenant: house.acme.id, "b", [:])
        _ = try other.open("/api/events", headers: [("Last-Event-ID", id)])
        #expect(try next(other, "event: ") == "b")
        let lost = try house.client()
        _ = try lost.open("/api/events", headers: [("Last-Event-ID", "1")])
        #expect(try next(lost, "event: ") == "reset")
    }

    @Test func `a stream ends with the session that it rests on`() throws {
        let house = try TestHouse()
        let browser = try house.browser()
        let watcher = WebClient(port: house.port, host: "acme.localhost", cookie: browser.cookie)
        _ = try watcher.open("/api/events")
        _ = try next(watcher, "retry: ")
        #expect(house.application.events.watcherCount == 1)
        // watching does not keep a session alive, being looked at does not end it
        house.advance(seconds: 16)
        house.application.sweep()
        house.application.events.publish(tenant: house.acme.id, "still.here", [:])
        #expect(try next(watcher, "event: ") == "still.here")
        #expect(try browser.post("/logout", [:]).status == 204)
        house.advance(seconds: 16)
        house.application.sweep()
        // the last chunk of the body
        while try watcher.line() != "0" {}
    }
}

extension EventsOverHTTPTests {
    @Test func `watching does not keep a session from ending by rest`() throws {
        let house = try TestHouse()
        let browser = try house.browser()
        let watcher = WebClient(port: house.port, host: "acme.localhost", cookie: browser.cookie)
        _ = try watcher.open("/api/events")
        for _ in 0..<4 {
            house.advance(seconds: 10 * 60)
            house.application.sweep()
        }
        while try watcher.line() != "0" {}
        #expect(try browser.get("/api/session").status == 401)
    }
}
