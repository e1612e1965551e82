import Core

/// Who makes a call, and what they may do. Made by log-in or token, never by anything that the caller merely says.
package struct Principal: Sendable {
    package enum Kind: Sendable, Equatable {
        case anonymous
        /// A person, by session cookie or bearer token.
        case user
        /// A scheduled job or the kernel itself.
        case service
        case `operator`
    }

    package enum Credential: Sendable, Equatable {
        case none
        /// The id of the row in `platform_tokens`.
        case token(Int64)
        /// The id of the row in `platform_sessions`.
        case session(Int64)
        /// The operator's token, or the local socket.
        case local
    }

    /// What a session is limited to, whatever its user may do.
    package enum Restriction: Sendable, Equatable {
        case none
        /// Until the password is changed: only that, and signing out.
        case passwordChange
        /// Reading, at an inactive tenant.
        case export
    }

    package var kind: Kind
    package var credential: Credential
    /// The row in `platform_users`; 0 for the kernel itself, an operator or nobody.
    package var userID: Int64
    package var username: String
    package var roles: [String]
    /// Permission names; `*` grants all.
    package var permissions: Set<String>
    /// Permissions that the user is denied in person; they win over `*`.
    package var deniedPermissions: Set<String>
    /// The branches that the user is an active member of; nil means all.
    package var branchIDs: Set<Int64>?
    /// Calls a minute in the standard class, where the token says so.
    package var requestsPerMinute: Int?
    package var restriction: Restriction
    /// The addresses that the tenant lets its administrators come from; nil for one whom no list binds.
    package var allowedAddresses: [AddressRange]?

    package init(
        kind: Kind, credential: Credential = .none, userID: Int64 = 0, username: String = "", roles: [String] = [],
        permissions: Set<String> = [], deniedPermissions: Set<String> = [], branchIDs: Set<Int64>? = nil,
        requestsPerMinute: Int? = nil, restriction: Restriction = .none, allowedAddresses: [AddressRange]? = nil
    ) {
        self.kind = kind
        self.credential = credential
        self.userID = userID
        self.username = username
        self.roles = roles
        self.permissions = permissions
        self.deniedPermissions = deniedPermissions
        self.branchIDs = branchIDs
        self.requestsPerMinute = requestsPerMinute
        self.restriction = restriction
        self.allowedAddresses = allowedAddresses
    }

    package static let anonymous = Principal(kind: .anonymous)
    /// The kernel's own hand, for installs and scheduled work.
    package static let service = Principal(kind: .service, username: "kontor", permissions: ["*"])

    package func may(_ permission: String) -> Bool {
        (permissions.contains(permission) || permissions.contains("*")) && !deniedPermissions.contains(permission)
    }

    package func isMember(of branch: Int64) -> Bool {
        branchIDs?.contains(branch) ?? true
    }
}
