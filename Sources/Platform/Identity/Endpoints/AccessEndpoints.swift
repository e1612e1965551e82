import Core
import Storage

/// Who may do what, and why.
enum AccessEndpoints {
    static let all = [explain, rights, review]

    private static let explain = Endpoint(
        .get, "/api/access/explain", access: .permission("users.view"), execution: .read,
        documentation: .init(
            "Explain why a user may do something in a branch, or what is missing", tag: "Users",
            query: [
                .init("user", .string(), "A user's id or username."), .init("permission", .string(), "A permission's name."),
                .init("branch", .string(), "A branch's id or code; none to leave membership out."),
            ],
            replies: [
                .init(
                    200, "The explanation.",
                    .object([
                        .init("user", .map(.any), required: true), .init("permission", .string(), required: true),
                        .init("allowed", .boolean, required: true),
                        .init("granted_by", .array(.string()), required: true, "“role:manager”, “own grant”."),
                        .init("denied", .boolean, required: true, "Denied to this user in person."),
                        .init("branch", .nullable(.map(.any)), required: true),
                        .init("membership", .nullable(.string()), required: true),
                        .init("missing", .array(.string()), required: true, "One sentence for each thing in the way."),
                    ]))
            ])
    ) { call in
        let db = call.database
        let name = call.queryValue("user") ?? ""
        guard let permission = call.queryValue("permission"), !name.isEmpty else {
            throw Problem.invalid([
                Schema.Fault(field: name.isEmpty ? "user" : "permission", code: "required", message: "is missing")
            ])
        }
        let user = try user(name, db)
        var branch: Branch?
        if let place = call.queryValue("branch") {
            branch = try Int64(place).map { try Branches.get(db, $0) } ?? Branches.find(db, code: place)
            guard branch != nil else { throw Problem(404, "branch.not_found", "There is no branch “\(place.prefix(20))”.") }
        }
        return Reply(
            200,
            try AccessExplanation(db, user: user, permission: permission, branch: branch, catalogue: call.catalogue).value)
    }

    /// - Throws: 404 `user.not_found`.
    private static func user(_ name: String, _ db: Connection) throws -> User {
        if let id = Int64(name) { return try Users.get(db, id) }
        guard let found = try Users.find(db, username: name) else {
            throw Problem(404, "user.not_found", "There is no user “\(name.prefix(64))”.")
        }
        return found
    }

    private static let rights = Endpoint(
        .get, "/api/access/rights", access: .permission("users.view"), execution: .read,
        documentation: .init(
            "List all that a user may do, and where each right comes from", tag: "Users",
            query: [.init("user", .string(), "A user's id or username.")],
            replies: [
                .init(
                    200, "By permission; “*” stands for all.",
                    .object([
                        .init(
                            "items",
                            .array(
                                .object([
                                    .init("permission", .string(), required: true),
                                    .init("granted_by", .array(.string()), required: true, "“role:manager”, “own grant”, “own grant (*)”."),
                                    .init("denied", .boolean, required: true, "Denied to this user in person."),
                                ]), maxItems: 10_000), required: true),
                        .init("next_cursor", .nullable(.string()), required: true, "Always null.", example: .null),
                    ]))
            ])
    ) { call in
        let name = call.queryValue("user") ?? ""
        guard !name.isEmpty else { throw Problem.invalid([Schema.Fault(field: "user", code: "required", message: "is missing")]) }
        let items = try AccessExplanation.all(call.database, user: try user(name, call.database), catalogue: call.catalogue)
        return Reply(200, ["items": .array(items), "next_cursor": .null])
    }

    private static let review = Endpoint(
        .get, "/api/access/review", access: .permission("users.view"), execution: .read,
        documentation: .init(
            "List every user with all that they may do, for a review", tag: "Users", query: Page.parameters,
            replies: [
                .init(
                    200, "By id.",
                    Page.schema(
                        of: .object([
                            .init("user", IdentitySchemas.user, required: true),
                            .init("permissions", .array(.string()), required: true, "“*” stands for all but the denied."),
                            .init("denied_permissions", .array(.string()), required: true),
                            .init("tokens", .integer(minimum: 0), required: true, "Tokens that work now."),
                        ])))
            ])
    ) { call in
        let page = try Page(call)
        let rows = try Users.list(call.database, after: try page.id(), limit: page.fetchLimit).map { user -> (User, Value) in
            let rights = try Rights.of(user.id, call.database)
            let tokens = try Tokens.countValid(call.database, userID: user.id, now: call.now)
            return (
                user,
                [
                    "user": user.value, "permissions": .array(rights.allowed.sorted().map { .string($0) }),
                    "denied_permissions": .array(rights.denied.sorted().map { .string($0) }), "tokens": .int(tokens),
                ]
            )
        }
        return page.reply(rows, key: { [.int($0.0.id)] }, item: { $0.1 })
    }
}
