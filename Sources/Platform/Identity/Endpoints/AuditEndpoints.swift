import Core
import Storage

/// The audit trail and the log of refused writes.
enum AuditEndpoints {
    static let all = [list, verify, refusals]

    private static let row = Schema.object([
        .init("id", .integer(minimum: 1), required: true),
        .init("at", .instant, required: true),
        .init("actor_id", .integer(minimum: 0), required: true, "0 for the kernel itself and for an operator."),
        .init("actor", .string(), required: true),
        .init("action", .string(), required: true, example: "user.roles_changed"),
        .init("object_type", .string(), required: true, example: "user"),
        .init("object_id", .string(), required: true, example: "3"),
        .init("before", .any, required: true),
        .init("after", .any, required: true),
        .init("reason", .string(), required: true),
        .init("remote_address", .string(), required: true),
        .init("request_id", .string(), required: true),
        .init("digest", .string(), required: true, "SHA-256 over this row and the digest before it, in hex."),
    ])

    private static let list = Endpoint(
        .get, "/api/audit", access: .permission("audit.view"), execution: .read,
        documentation: .init(
            "List the audit trail, newest first", tag: "Audit",
            query: [
                .init("actor_id", .integer(minimum: 0), "Only what this user did."),
                .init("action", .string(), "Only this action: “user.created”, or “user.” for all that begin so."),
                .init("object_type", .string(), "Only what was done to this type of object."),
                .init("object_id", .string(), "Only what was done to this object."),
                .init("request_id", .string(), "Only what this request did."),
                .init("from", .instant, "Not before."), .init("to", .instant, "Before."),
            ] + Page.parameters,
            replies: [.init(200, "Newest first.", Page.schema(of: row))])
    ) { call in
        let page = try Page(call)
        var filter = Audit.Filter()
        filter.actorID = try call.queryInteger("actor_id")
        filter.action = call.queryValue("action")
        filter.objectType = call.queryValue("object_type")
        filter.objectID = call.queryValue("object_id")
        filter.requestID = call.queryValue("request_id")
        filter.from = try call.queryInstant("from")
        filter.to = try call.queryInstant("to")
        let before = try page.id()
        let rows = try Audit.list(call.database, filter, before: before == 0 ? .max : before, limit: page.fetchLimit)
        return page.reply(rows, key: { [$0["id"] ?? .null] }, item: { $0 })
    }

    private static let verify = Endpoint(
        .post, "/api/audit/verify", access: .permission("audit.view"), execution: .read, rateClass: .analytics,
        documentation: .init(
            "Compute the whole audit chain anew", tag: "Audit", input: .object([]),
            replies: [
                .init(
                    200, "What was found.",
                    .object([
                        .init("ok", .boolean, required: true), .init("rows", .integer(), required: true),
                        .init("head", .string(), required: true, "The newest row's digest, in hex."),
                        .init(
                            "faults",
                            .array(
                                .object([
                                    .init("id", .integer(), required: true), .init("detail", .string(), required: true),
                                ])), required: true),
                    ]))
            ])
    ) { call in
        let report = try Audit.verify(call.database)
        return Reply(
            200,
            [
                "ok": .bool(report.isWhole), "rows": .int(report.rows), "head": .string(Digest.hex(report.head.digest)),
                "faults": .array(report.faults.map { ["id": .int($0.id), "detail": .string($0.detail)] }),
            ])
    }

    private static let refusals = Endpoint(
        .get, "/api/refusals", access: .permission("audit.view"), execution: .read,
        documentation: .init(
            "List refused writes of the last 90 days, newest first", tag: "Audit",
            query: [
                .init("actor_id", .integer(minimum: 0), "Only this user's."), .init("code", .string(), "Only this code."),
            ] + Page.parameters,
            replies: [
                .init(
                    200, "Newest first.",
                    Page.schema(
                        of: .object([
                            .init("id", .integer(), required: true), .init("at", .instant, required: true),
                            .init("actor_id", .integer(), required: true), .init("actor", .string(), required: true),
                            .init("endpoint", .string(), required: true), .init("status", .integer(), required: true),
                            .init("code", .string(), required: true), .init("detail", .string(), required: true),
                            .init("remote_address", .string(), required: true), .init("request_id", .string(), required: true),
                        ])))
            ])
    ) { call in
        let page = try Page(call)
        let before = try page.id()
        let rows = try Refusals.list(
            call.database, actorID: try call.queryInteger("actor_id"), code: call.queryValue("code"),
            before: before == 0 ? .max : before, limit: page.fetchLimit)
        return page.reply(rows, key: { [$0["id"] ?? .null] }, item: { $0 })
    }
}
