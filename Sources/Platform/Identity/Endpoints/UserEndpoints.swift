import Core
import Storage

/// The tenant's users.
enum UserEndpoints {
    static let all = [list, get, create, change, deactivate, activate, unlock, signOut]

    private static let list = Endpoint(
        .get, "/api/users", access: .permission("users.view"), execution: .read,
        documentation: .init(
            "List users", tag: "Users",
            query: [
                .init("status", IdentitySchemas.status, "Only those."), .init("role", .string(), "Only holders of this role."),
            ] + Page.parameters,
            replies: [.init(200, "By id.", Page.schema(of: IdentitySchemas.user))])
    ) { call in
        let page = try Page(call)
        let users = try Users.list(
            call.database, after: try page.id(), isActive: call.queryValue("status").map { $0 == "active" },
            role: call.queryValue("role"), limit: page.fetchLimit)
        return page.reply(users, key: { [.int($0.id)] }, item: \.value)
    }

    private static let get = Endpoint(
        .get, "/api/users/{id}", access: .permission("users.view"), execution: .read,
        documentation: .init(
            "Show a user", tag: "Users", pathParameters: [IdentitySchemas.id],
            replies: [.init(200, "The user.", IdentitySchemas.user)])
    ) { call in reply(200, try Users.get(call.database, try call.id())) }

    private static let create = Endpoint(
        .post, "/api/users", access: .permission("users.edit"), execution: .worker,
        documentation: .init(
            "Add a user", tag: "Users",
            input: .object([
                .init(
                    "username", .string(minLength: 1, maxLength: 64), "Made from the e-mail address when it is not given.",
                    example: "akosua"),
                .init("name", IdentitySchemas.name, required: true, example: "Akosua Mensah"),
                .init("email", .nullable(.string(maxLength: 254))),
                .init("phone", .string(maxLength: 40)),
                .init("roles", .array(.string(), maxItems: 50), example: ["cashier"]),
                .init("all_branches", .boolean),
                .init("branch_ids", .array(.integer(minimum: 1))),
                .init(
                    "password", .string(minLength: 1, maxLength: 256), "Without one the answer has a one-time link to set it."),
                .init("must_change_password", .boolean, "Whether to choose another one at the first log-in; true by default."),
            ]),
            replies: [.init(201, "The user, with `invitation` when no password was given.", IdentitySchemas.newUser)])
    ) { call in
        let tenant = try call.requireTenant()
        let body = call.body
        let email = body["email"]?.string
        var new = NewUser(
            username: body["username"]?.string ?? username(from: email), name: body["name"]?.string ?? "", email: email,
            phone: body["phone"]?.string ?? "", roles: body.strings("roles") ?? [], allBranches: body["all_branches"]?.bool ?? false,
            branchIDs: body.integers("branch_ids") ?? [], mustChangePassword: body["must_change_password"]?.bool ?? true)
        try call.principal.requireMembership(all: new.allBranches, of: new.branchIDs)
        if let password = body["password"]?.string {
            try PasswordPolicy.check(password, username: new.username, email: email)
            new.passwordHash = try call.instance.passwords.hash(password)
        } else {
            new.mustChangePassword = false
        }
        let actor = call.actingUser
        let principal = call.principal
        let made = try tenant.store.write { [new] db in
            let user = try Users.create(db, actor, new)
            try principal.requireHolding(try Rights.of(user.id, db).allowed.sorted())
            let link =
                new.passwordHash == nil ? try OneTimeLinks.create(db, actor, userID: user.id, purpose: .invitation) : nil
            return (user: user, link: link)
        }
        var object = made.user.value.object ?? [:]
        if let link = made.link { object["invitation"] = PasswordEndpoints.value(link, tenant, call.instance) }
        return Reply(
            201, .object(object),
            headers: [("Location", "/api/users/\(made.user.id)"), EntityTag.header(made.user.version)])
    }

    private static let change = Endpoint(
        .patch, "/api/users/{id}", access: .permission("users.edit"), execution: .write,
        documentation: .init(
            "Change a user", tag: "Users", pathParameters: [IdentitySchemas.id],
            input: .object([
                .init("name", IdentitySchemas.name), .init("email", .nullable(.string(maxLength: 254))),
                .init("phone", .string(maxLength: 40)), .init("all_branches", .boolean), .init("branch_ids", .array(.integer(minimum: 1))),
            ]),
            replies: [.init(200, "The user.", IdentitySchemas.user)])
    ) { call in
        let user = try covered(call)
        try call.requireMatch(version: user.version)
        try call.requireTenant().identityWillChange()
        let email: String?? = call.body["email"].map(\.string)
        let branches = call.body.integers("branch_ids")
        let all = call.body["all_branches"]?.bool
        try call.principal.requireMembership(
            all: all == true && !user.allBranches, of: (branches ?? []).filter { !user.branchIDs.contains($0) })
        return reply(
            200,
            try Users.change(
                call.database, call.actingUser, user.id, name: call.body["name"]?.string, email: email,
                phone: call.body["phone"]?.string, allBranches: all, branchIDs: branches))
    }

    private static let deactivate = action(
        "deactivate", "Shut a user out: sessions end, tokens are refused, at once"
    ) { call, user in
        try call.requireTenant().identityWillChange()
        return try Users.setActive(call.database, call.actingUser, user.id, false)
    }

    private static let activate = action("activate", "Let a user in again") { call, user in
        try call.requireTenant().identityWillChange()
        return try Users.setActive(call.database, call.actingUser, user.id, true)
    }

    private static let unlock = action("unlock", "End a lockout after failed log-ins") { call, user in
        try Users.unlock(call.database, call.actingUser, user.id)
    }

    private static let signOut = action("sign-out", "End every session of a user") { call, user in
        try call.requireTenant().identityWillChange()
        try Sessions.endAll(call.database, userID: user.id)
        try Audit.append(call.database, call.actingUser, "user.sessions_ended", object: ("user", user.id))
        return user
    }

    private static func action(
        _ verb: String, _ summary: String, _ body: @escaping @Sendable (Call, User) throws -> User
    ) -> Endpoint {
        Endpoint(
            .post, PathTemplate("/api/users/{id}/\(verb)"), access: .permission("users.edit"), execution: .write,
            documentation: .init(
                summary, tag: "Users", pathParameters: [IdentitySchemas.id], input: .object([]),
                replies: [.init(200, "The user.", IdentitySchemas.user)])
        ) { call in reply(200, try body(call, try covered(call))) }
    }

    /// The user of the path, if the caller may do all that the user may.
    static func covered(_ call: Call) throws -> User {
        let user = try Users.get(call.database, try call.id())
        try call.requireCovering(user.id, call.database)
        return user
    }

    static func reply(_ status: Int, _ user: User) -> Reply {
        Reply(status, user.value, headers: [EntityTag.header(user.version)])
    }

    /// What stands before the @, without what usernames do not have.
    private static func username(from email: String?) -> String {
        let local = (email ?? "").lowercased().utf8.prefix { $0 != 0x40 }
        let kept = local.filter { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2E || byte == 0x5F || byte == 0x2D
        }
        return String(decoding: kept.prefix(64), as: UTF8.self)
    }
}
