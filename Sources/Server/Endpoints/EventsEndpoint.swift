import Core
import Platform
import Synchronization

/// `GET /api/events`: what happens in the tenant, as server-sent events.
enum EventsEndpoint {
    static let path: PathTemplate = "/api/events"

    static let endpoint = Endpoint(
        .get, path, access: .signedIn, execution: .inline,
        documentation: .init(
            "Watch what happens", tag: "Events",
            replies: [
                .init(
                    200,
                    "Server-sent events. `reset` means that some were missed: read again what you show. Last-Event-ID continues.",
                    contentType: "text/event-stream")
            ])
    ) { _ in
        throw Problem(406, "events.not_streamable", "Events need a connection that stays open; ask over HTTP.")
    }

    /// Keeps the exchange's connection open and feeds it.
    static func serve(_ exchange: Exchange, _ call: Call) throws {
        guard let tenant = call.tenant else { throw TenantDirectory.notFound }
        let bus = exchange.application.events
        let watcher = EventWatcher(exchange, tenant)
        guard watcher.admit() else {
            throw Problem(
                503, "events.too_many_watchers", "Too many connections of this business watch events already; close one.",
                headers: [("Retry-After", "10")])
        }
        let last = exchange.inquiry.header("last-event-id").flatMap { Int64($0) }
        let head = HTTPResponse(
            status: 200, headers: [("X-Accel-Buffering", "no")], contentType: "text/event-stream; charset=utf-8")
        let sink = exchange.answering.stream(head, keepAliveSeconds: 15) { watcher.close() }
        guard let sink else {
            watcher.close()
            throw Problem(406, "events.not_streamable", "Events need a connection that stays open; ask over HTTP.")
        }
        exchange.note(status: 200, bytes: 0)
        watcher.open(sink, bus.subscribe(tenant: tenant.id, after: last) { [weak watcher] in watcher?.wake() })
    }
}

