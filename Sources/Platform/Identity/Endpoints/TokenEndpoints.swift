import Core
import Storage

/// API tokens for programs.
enum TokenEndpoints {
    static let all = [list, create, revoke]

    private static let members: [Schema.Member] = [
        .init("id", .integer(minimum: 1), required: true),
        .init("user_id", .integer(minimum: 1), required: true),
        .init("username", .string(), required: true),
        .init("name", .string(), required: true, example: "till ACC-01"),
        .init("scopes", .array(.string()), required: true, "What the token is limited to; “*” for all that its user may do."),
        .init("requests_per_minute", .nullable(.integer(minimum: 1)), required: true),
        .init("created_at", .instant, required: true),
        .init("expires_at", .instant, required: true),
        .init("last_used_at", .nullable(.instant), required: true, "Within ten minutes."),
        .init("revoked_at", .nullable(.instant), required: true),
    ]

    private static let list = Endpoint(
        .get, "/api/tokens", access: .permission("tokens.edit"), execution: .read,
        documentation: .init(
            "List tokens", tag: "Tokens",
            query: [.init("user_id", .integer(minimum: 1), "Only this user's.")] + Page.parameters,
            replies: [.init(200, "By id, without their secrets.", Page.schema(of: .object(members)))])
    ) { call in
        let page = try Page(call)
        let tokens = try Tokens.list(
            call.database, after: try page.id(), userID: try call.queryID("user_id"), limit: page.fetchLimit)
        return page.reply(tokens, key: { [.int($0.id)] }, item: \.value)
    }

    private static let create = Endpoint(
        .post, "/api/tokens", access: .permission("tokens.edit"), execution: .write,
        // The answer has a secret, and answers under a key are kept.
        idempotency: Endpoint.Idempotency.none,
        documentation: .init(
            "Make a token", tag: "Tokens",
            input: .object([
                .init("name", IdentitySchemas.name, required: true, example: "till ACC-01"),
                .init("user_id", .integer(minimum: 1), "Whose token it is; the caller's own by default."),
                .init("scopes", IdentitySchemas.permissions, "All that the user may do by default."),
                .init("requests_per_minute", .nullable(.integer(minimum: 1, maximum: 1_000_000))),
                .init("expires_at", .instant, "At most 366 days ahead; 90 days by default."),
            ]),
            replies: [
                .init(
                    201, "The token. Its secret is shown this once.",
                    .object(members + [.init("token", .string(), required: true, "Send it as “Authorization: Bearer …”.")]))
            ])
    ) { call in
        let userID = call.body["user_id"]?.int ?? call.principal.userID
        let scopes = call.body.strings("scopes") ?? [PermissionCatalogue.everything]
        try call.requireKnown(scopes, field: "scopes")
        let user = try Users.get(call.database, userID)
        guard user.isActive else {
            throw Problem(409, "user.inactive", "The user is inactive; activate them first.", field: "user_id")
        }
        // A limited token must not make one that may do more, not even for its own user.
        let rights = try Rights.of(userID, call.database)
        try call.principal.requireHolding(
            scopes.contains(PermissionCatalogue.everything) ? rights.allowed.sorted() : scopes)
        let made = try Tokens.create(
            call.database, call.actingUser, userID: userID, name: call.body["name"]?.string ?? "", scopes: scopes,
            requestsPerMinute: call.body["requests_per_minute"]?.int,
            expiresAt: try call.body["expires_at"]?.string.map { try Instant($0) })
        var object = made.token.value.object ?? [:]
        object["token"] = .string(made.secret)
        return Reply(201, .object(object))
    }

    private static let revoke = Endpoint(
        .post, "/api/tokens/{id}/revoke", access: .permission("tokens.edit"), execution: .write,
        documentation: .init(
            "End a token for good, at once", tag: "Tokens", pathParameters: [IdentitySchemas.id], input: .object([]),
            replies: [.init(200, "The token.", .object(members))])
    ) { call in
        try call.requireTenant().identityWillChange()
        return Reply(200, try Tokens.revoke(call.database, call.actingUser, try call.id()).value)
    }
}
