import Core
import Storage

/// Signing in and out, and who is signed in.
enum SessionEndpoints {
    static let all = [signIn, signOut, current]

    private static let signIn = Endpoint(
        .post, "/login", access: .anyone, execution: .worker,
        documentation: .init(
            "Sign in", tag: "Session",
            input: .object([
                .init("username", .string(minLength: 1, maxLength: 254), required: true, "Or the e-mail address.", example: "akosua"),
                .init("password", .string(minLength: 1, maxLength: 256), required: true),
                .init("code", .string(maxLength: 40), "Six digits of the authenticator app, or a recovery code."),
            ]),
            replies: [.init(200, "Signed in; the session is in the cookie.", session)])
    ) { call in
        let tenant = try call.requireTenant()
        let success = try LogIn.signIn(
            tenant, call.instance, name: call.body["username"]?.string ?? "", password: call.body["password"]?.string ?? "",
            code: call.body["code"]?.string, remoteAddress: call.remoteAddress, requestID: call.requestID, now: call.now)
        let cookie = SessionCookie.set(
            success.secret, expiresAt: success.expiresAt, now: call.now, secure: call.instance.configuration.isSecure)
        let body: Value = [
            "user": success.user.value, "tenant": tenant.facts.value,
            "expires_at": .string(success.expiresAt.description),
            "must_change_password": .bool(success.user.mustChangePassword),
            "read_only": .bool(success.purpose == .export),
        ]
        return Reply(200, body, headers: [cookie])
    }

    private static let signOut = Endpoint(
        .post, "/logout", access: .signedIn, execution: .write, idempotency: Endpoint.Idempotency.none,
        documentation: .init(
            "Sign out", tag: "Session", input: .object([]), replies: [.init(204, "The session has ended.")])
    ) { call in
        let tenant = try call.requireTenant()
        if case .session(let id) = call.principal.credential {
            try tenant.identityWillChange()
            try Sessions.end(call.database, id)
            try Audit.append(
                call.database, call.actingUser, "user.signed_out", object: ("user", call.principal.userID),
                before: ["session_id": .int(id)])
        }
        var reply = Reply.noContent
        reply.headers.append(SessionCookie.clear(secure: call.instance.configuration.isSecure))
        return reply
    }

    private static let current = Endpoint(
        .get, "/api/session", access: .signedIn, execution: .read,
        documentation: .init(
            "Show who is signed in and what they may do", tag: "Session", replies: [.init(200, "The session.", session)])
    ) { call in
        let principal = call.principal
        let user = principal.userID == 0 ? nil : try Users.get(call.database, principal.userID)
        return Reply(
            200,
            [
                "user": user?.value ?? .null,
                "tenant": try call.requireTenant().facts.value,
                "credential": .string(name(of: principal.credential)),
                "permissions": .array(principal.permissions.sorted().map { .string($0) }),
                "denied_permissions": .array(principal.deniedPermissions.sorted().map { .string($0) }),
                "all_branches": .bool(principal.branchIDs == nil),
                "branch_ids": .array((principal.branchIDs ?? []).sorted().map { .int($0) }),
                "must_change_password": .bool(principal.restriction == .passwordChange),
                "read_only": .bool(principal.restriction == .export),
            ])
    }

    private static func name(of credential: Principal.Credential) -> String {
        switch credential {
        case .none: "none"
        case .token: "token"
        case .session: "session"
        case .local: "local"
        }
    }

    private static let session = Schema.object([
        .init("user", .nullable(IdentitySchemas.user), required: true),
        .init("tenant", .map(.any), required: true),
        .init("must_change_password", .boolean, required: true),
        .init("read_only", .boolean, required: true, "The tenant is inactive: only reading is possible."),
        .init("expires_at", .instant, "In the answer to signing in."),
        .init("credential", .string(allowed: ["session", "token", "local", "none"])),
        .init("permissions", .array(.string()), "“*” stands for all."),
        .init("denied_permissions", .array(.string())),
        .init("all_branches", .boolean),
        .init("branch_ids", .array(.integer())),
    ])
}
