import Core
import Storage

/// The one place where a principal is let through to an endpoint, or not.
package enum Authorization {
    /// What a session may still do while its password must be changed.
    private static let withoutNewPassword: Set<String> = ["/logout", "/api/session", "/api/session/password"]

    /// - Throws: 401 `auth.required`, 403 `auth.forbidden` with the missing permission,
    ///   403 `auth.password_change_required`, 403 `auth.read_only`.
    package static func check(_ principal: Principal, _ endpoint: Endpoint) throws(Problem) {
        switch endpoint.access {
        case .anyone:
            return
        case .operator:
            guard principal.kind == .operator else { throw required }
            return
        case .signedIn:
            guard principal.kind == .user || principal.kind == .service else { throw required }
        case .permission(let permission):
            guard principal.kind == .user || principal.kind == .service else { throw required }
            guard principal.may(permission) else { throw forbidden(permission) }
        }
        switch principal.restriction {
        case .none:
            return
        case .passwordChange:
            guard withoutNewPassword.contains(endpoint.path.description) else {
                throw Problem(
                    403, "auth.password_change_required",
                    "Choose a password of your own first (POST /api/session/password).")
            }
        case .export:
            guard endpoint.method == .get || endpoint.path.description == "/logout" else {
                throw Problem(403, "auth.read_only", "This session may only read: the business is not active.")
            }
        }
    }

    package static let required = Problem(
        401, "auth.required", "Sign in, or send a token of this business as “Authorization: Bearer …”.",
        headers: [("WWW-Authenticate", "Bearer")])

    package static func forbidden(_ permission: String) -> Problem {
        Problem(
            403, "auth.forbidden", "You do not have the permission \(permission).",
            extra: [("permission", .string(permission))])
    }

    /// - Throws: 403 `auth.not_member` unless the principal is an active member of the branch.
    package static func requireMembership(_ principal: Principal, branch: Int64) throws(Problem) {
        guard principal.isMember(of: branch) else {
            throw Problem(
                403, "auth.not_member", "You are not a member of this branch.", extra: [("branch_id", .int(branch))])
        }
    }

    /// What every call from outside passes after `check`: it comes from an address that its user may come from, the acting
    /// user that it names is the one who is signed in, and each use of an inactive tenant's reading session is on record.
    /// - Parameter actingUser: the `x-user-id` header.
    /// - Throws: 403 `auth.address_not_allowed`, `auth.user_mismatch`; 429 when the lane is too busy to keep the record.
    package static func admit(_ call: Call, actingUser: String?) throws {
        guard AdministrationAddresses.isAllowed(call.remoteAddress, call.principal.allowedAddresses) else {
            throw AdministrationAddresses.refused
        }
        try checkActingUser(header: actingUser, call)
        if call.principal.restriction == .export, let tenant = call.tenant {
            try tenant.store.submit(
                AuditNote(
                    call.actingUser, "tenant.read_while_inactive", object: ("tenant", String(tenant.id)),
                    after: ["endpoint": .string("\(call.endpoint.method.rawValue) \(call.endpoint.path)")]))
        }
    }

    /// The `x-user-id` header names the acting user and never makes anybody that user.
    ///
    /// A mismatch leaves an audit row.
    /// - Throws: 403 `auth.user_mismatch` unless it equals the id or the username of the authenticated user.
    private static func checkActingUser(header: String?, _ call: Call) throws {
        guard let header else { return }
        let principal = call.principal
        guard header != String(principal.userID) || principal.userID == 0, header != principal.username else { return }
        if let tenant = call.tenant {
            try tenant.store.submit(
                AuditNote(
                    call.actingUser, "auth.user_mismatch", object: ("user", String(header.prefix(100))),
                    after: ["endpoint": .string("\(call.endpoint.method.rawValue) \(call.endpoint.path)")]))
        }
        throw Problem(403, "auth.user_mismatch", "x-user-id is not the user who is signed in.", field: "x-user-id")
    }

    /// Whoever checks must be somebody else than who made.
    /// - Throws: 403 `auth.same_person`.
    package static func requireAnotherPerson(than maker: Int64, _ principal: Principal) throws(Problem) {
        guard principal.userID != maker else {
            throw Problem(403, "auth.same_person", "Somebody else must approve this: you prepared it.")
        }
    }
}

/// One audit row written for its own sake, without anybody waiting for it.
package final class AuditNote: LaneWork {
    private let actor: ActingUser
    private let action: String
    private let object: (type: String, id: String)
    private let after: Value
    private let reason: String

    package init(
        _ actor: ActingUser, _ action: String, object: (type: String, id: String), after: Value = .null, reason: String = ""
    ) {
        self.actor = actor
        self.action = action
        self.object = object
        self.after = after
        self.reason = reason
    }

    package func perform(_ db: Connection) throws {
        try Audit.append(db, actor, action, object: object, after: after, reason: reason)
    }

    package func refused(_ error: any Error, _ db: Connection) throws {}
    package func finished(_ outcome: LaneOutcome) {}
}
