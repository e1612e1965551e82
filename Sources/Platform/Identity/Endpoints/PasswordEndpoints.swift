import Core
import Storage

/// Choosing passwords: one's own, and by one-time link.
enum PasswordEndpoints {
    static let all = [change, setByLink, link]

    private static let change = Endpoint(
        .post, "/api/session/password", access: .signedIn, execution: .worker,
        documentation: .init(
            "Change your password", tag: "Session",
            input: .object([
                .init("current_password", .string(minLength: 1, maxLength: 256), required: true),
                .init("new_password", .string(minLength: 1, maxLength: 256), required: true),
            ]),
            replies: [.init(204, "Changed; your other sessions have ended.")])
    ) { call in
        let tenant = try call.requireTenant()
        let session = try call.requireSession()
        let password = call.body["new_password"]?.string ?? ""
        let current = call.body["current_password"]?.string ?? ""
        let user = try LogIn.checkPresentPassword(tenant, call, current, field: "current_password")
        try PasswordPolicy.check(password, username: user.username, email: user.email, field: "new_password")
        guard password != current else {
            throw Problem(422, "password.same", "Choose a password other than the present one.", field: "new_password")
        }
        try Passwords.set(
            tenant, call.actingUser, userID: user.id, hash: try call.instance.passwords.hash(password), keepSession: session)
        return .noContent
    }

    private static let setByLink = Endpoint(
        .post, "/api/set-password", access: .anyone, execution: .worker,
        documentation: .init(
            "Set a password with a one-time link", tag: "Session",
            input: .object([
                .init("token", .string(minLength: 1, maxLength: 100), required: true, "From the link."),
                .init("password", .string(minLength: 1, maxLength: 256), required: true),
            ]),
            replies: [
                .init(200, "The password is set; sign in with it.", .object([.init("username", .string(), required: true)]))
            ])
    ) { call in
        let tenant = try call.requireTenant()
        let secret = call.body["token"]?.string ?? ""
        let password = call.body["password"]?.string ?? ""
        let now = call.now
        let user = try tenant.store.read { db in
            try Users.get(db, try OneTimeLinks.find(db, secret: secret, now: now).userID)
        }
        try PasswordPolicy.check(password, username: user.username, email: user.email)
        var actor = call.actingUser
        actor.id = user.id
        actor.name = user.username
        try Passwords.set(
            tenant, actor, userID: user.id, hash: try call.instance.passwords.hash(password), link: secret)
        return Reply(200, ["username": .string(user.username)])
    }

    private static let link = Endpoint(
        .post, "/api/users/{id}/invitation", access: .permission("users.edit"), execution: .write,
        idempotency: Endpoint.Idempotency.none,
        documentation: .init(
            "Make a one-time link by which the user sets a password; sessions of one who has a password end", tag: "Users", pathParameters: [IdentitySchemas.id],
            input: .object([]),
            replies: [
                .init(201, "The link, valid once and for 24 hours; earlier links of the user have ended.", IdentitySchemas.link)
            ])
    ) { call in
        let tenant = try call.requireTenant()
        let user = try UserEndpoints.covered(call)
        guard user.isActive else {
            throw Problem(409, "user.inactive", "The user is inactive; activate them first.")
        }
        if user.hasPassword {
            try tenant.identityWillChange()
            try Sessions.endAll(call.database, userID: user.id)
        }
        let made = try OneTimeLinks.create(
            call.database, call.actingUser, userID: user.id, purpose: user.hasPassword ? .reset : .invitation)
        return Reply(201, value(made, tenant, call.instance))
    }

    static func value(_ made: (secret: String, expiresAt: Instant), _ tenant: Tenant, _ instance: Instance) -> Value {
        [
            "link": .string(OneTimeLinks.url(made.secret, at: tenant, instance)),
            "expires_at": .string(made.expiresAt.description),
        ]
    }
}
