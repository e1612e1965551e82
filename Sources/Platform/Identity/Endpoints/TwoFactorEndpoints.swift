import Core
import Storage

/// Setting up the second factor of one's log-in.
enum TwoFactorEndpoints {
    static let all = [begin, confirm, disable, disableOther]

    private static let begin = Endpoint(
        .post, "/api/session/two-factor", access: .signedIn, execution: .write, idempotency: Endpoint.Idempotency.none,
        documentation: .init(
            "Begin to set up two-factor log-in", tag: "Session", input: .object([]),
            replies: [
                .init(
                    200, "The secret for the authenticator app; it counts once a code is confirmed.",
                    .object([.init("secret", .string(), required: true), .init("uri", .string(), required: true, "For a QR code.")]))
            ])
    ) { call in
        let tenant = try call.requireTenant()
        _ = try call.requireSession()
        let secret = try TwoFactor.begin(call.database, userID: call.principal.userID, box: try call.requireTenant().box)
        return Reply(
            200,
            [
                "secret": .string(TOTP.base32(secret)),
                "uri": .string(TOTP.uri(secret: secret, account: call.principal.username, issuer: tenant.name)),
            ])
    }

    private static let confirm = Endpoint(
        .post, "/api/session/two-factor/confirm", access: .signedIn, execution: .write,
        idempotency: Endpoint.Idempotency.none,
        documentation: .init(
            "Turn two-factor log-in on", tag: "Session",
            input: .object([.init("code", .string(minLength: 6, maxLength: 6), required: true, "The app's present code.")]),
            replies: [
                .init(
                    200, "It is on. The recovery codes are shown this once.",
                    .object([.init("recovery_codes", .array(.string()), required: true)]))
            ])
    ) { call in
        _ = try call.requireSession()
        let codes = try TwoFactor.confirm(
            call.database, call.actingUser, userID: call.principal.userID, code: call.body["code"]?.string ?? "",
            box: try call.requireTenant().box)
        return Reply(200, ["recovery_codes": .array(codes.map { .string($0) })])
    }

    private static let disable = Endpoint(
        .post, "/api/session/two-factor/disable", access: .signedIn, execution: .worker,
        documentation: .init(
            "Turn two-factor log-in off", tag: "Session",
            input: .object([.init("password", .string(minLength: 1, maxLength: 256), required: true)]),
            replies: [.init(204, "It is off.")])
    ) { call in
        let tenant = try call.requireTenant()
        _ = try call.requireSession()
        let user = try LogIn.checkPresentPassword(tenant, call, call.body["password"]?.string ?? "", field: "password")
        let actor = call.actingUser
        try tenant.store.write { db in try TwoFactor.disable(db, actor, userID: user.id) }
        return .noContent
    }

    private static let disableOther = Endpoint(
        .delete, "/api/users/{id}/two-factor", access: .permission("users.edit"), execution: .write,
        documentation: .init(
            "Turn a user's two-factor log-in off, for one who lost app and codes", tag: "Users",
            pathParameters: [IdentitySchemas.id], replies: [.init(204, "It is off.")])
    ) { call in
        let user = try UserEndpoints.covered(call)
        try TwoFactor.disable(call.database, call.actingUser, userID: user.id)
        return .noContent
    }
}
