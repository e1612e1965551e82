import Core
import Storage

/// `/api/outbox`: what goes out, what came of it, trying again and cancelling.
package enum OutboxEndpoints {
    package static let all: [Endpoint] = [
        Endpoint(
            .get, "/api/outbox", access: .permission("outbox.view"), execution: .read,
            documentation: .init(
                "List the messages that go out", tag: "Outbox",
                query: Page.parameters + [
                    .init("kind", .string(allowed: OutboxMessage.Kind.allCases.map(\.rawValue)), "Only of this kind."),
                    .init("state", .string(allowed: OutboxMessage.State.allCases.map(\.rawValue)), "Only in this state."),
                ],
                replies: [.init(200, "Newest first", Page.schema(of: .object(members)))])
        ) { call in
            let page = try Page(call)
            let rows = try Outbox(call.database).list(
                before: try page.id(), kind: try call.queryWord("kind", of: OutboxMessage.Kind.allCases.map(\.rawValue)),
                state: try call.queryWord("state", of: OutboxMessage.State.allCases.map(\.rawValue)), limit: page.fetchLimit)
            return page.reply(rows, key: { [.int($0.id)] }, item: { $0.value(full: false) })
        },
        Endpoint(
            .get, "/api/outbox/{id}", access: .permission("outbox.view"), execution: .read,
            documentation: .init(
                "Read one message with what it says", tag: "Outbox", pathParameters: [idParameter],
                replies: [.init(200, "The message", .object(members + [.init("payload", .any, required: true)]))])
        ) { call in Reply(200, try Outbox(call.database).get(call.id()).value(full: true)) },
        Endpoint(
            .post, "/api/outbox/{id}/retry", access: .permission("outbox.edit"), execution: .write,
            documentation: .init(
                "Send a message again that was given up or cancelled, under the same key", tag: "Outbox", pathParameters: [idParameter],
                replies: [.init(200, "It is sent soon", .object(members))])
        ) { call in try change(call, "outbox.retried") { try $0.retry($1, now: call.now) } },
        Endpoint(
            .post, "/api/outbox/{id}/cancel", access: .permission("outbox.edit"), execution: .write,
            documentation: .init(
                "Cancel a message that waits", tag: "Outbox", pathParameters: [idParameter],
                replies: [.init(200, "Cancelled", .object(members))])
        ) { call in try change(call, "outbox.cancelled") { try $0.cancel($1, now: call.now) } },
    ]

    private static let idParameter = Endpoint.Documentation.Parameter("id", .integer(minimum: 1), "The message's row in the outbox.")

    private static func change(_ call: Call, _ action: String, _ body: (Outbox, Int64) throws -> Void) throws -> Reply {
        let outbox = Outbox(call.database)
        let id = try call.id()
        try body(outbox, id)
        let message = try outbox.get(id)
        try Audit.append(call.database, call.actingUser, action, object: ("outbox", id), after: ["target": .string(message.target)])
        call.tenant?.wake()
        return Reply(200, message.value(full: false))
    }

    private static let members: [Schema.Member] = [
        .init("id", .integer(minimum: 1), required: true),
        .init("kind", .string(allowed: OutboxMessage.Kind.allCases.map(\.rawValue)), required: true),
        .init("plugin", .string(), required: true), .init("key", .nullable(.string()), required: true),
        .init("message_key", .string(), required: true, "Goes with every attempt, as Idempotency-Key or Message-ID."),
        .init("target", .string(), required: true), .init("state", .string(allowed: OutboxMessage.State.allCases.map(\.rawValue)), required: true),
        .init("attempts", .integer(minimum: 0), required: true), .init("next_at", .nullable(.instant), required: true),
        .init("last_error", .nullable(.string()), required: true),
        .init("unsure", .boolean, required: true, "An attempt ended without an answer: it may have arrived."),
        .init("response", .nullable(.string()), required: true), .init("requested_by", .string(), required: true),
        .init("created_at", .instant, required: true), .init("finished_at", .nullable(.instant), required: true),
    ]
}
