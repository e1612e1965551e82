import Core
import Platform

extension Application {
    /// Who makes the request, by what it shows. A bearer token comes before a cookie and carries no authority of one.
    /// - Throws: 401 for a credential that is not valid here.
    func principal(of inquiry: some Inquiry, _ tenant: Tenant?, _ now: Instant) throws -> Principal {
        if let header = inquiry.header("authorization") {
            let token = try bearerToken(header)
            if let tenant { return try Authentication.authenticate(.token(token), at: tenant, now: now) }
            return try instance.system.authenticateOperator(token: token, now: now)
        }
        // The socket has mode 0600: whoever can open it may read the data too.
        if inquiry.isLocal { return .local(tenant) }
        if let tenant, let header = inquiry.header("cookie"),
            let secret = SessionCookie.secret(in: header, secure: instance.configuration.isSecure)
        {
            return try Authentication.authenticate(.session(secret), at: tenant, now: now)
        }
        return .anonymous
    }

    /// - Throws: 401 `auth.unsupported` for another scheme.
    private func bearerToken(_ header: String) throws(Problem) -> String {
        let scheme = "bearer "
        guard header.utf8.count > scheme.utf8.count, zip(header.utf8, scheme.utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else {
            throw Problem(
                401, "auth.unsupported", "The Authorization header must be “Bearer” and a token.",
                headers: [("WWW-Authenticate", "Bearer")])
        }
        return String(header[header.utf8.index(header.startIndex, offsetBy: scheme.utf8.count)...])
    }
}

extension Principal {
    /// Whoever holds the installation's own socket, or its data folder: the operator, and of a tenant the kernel's own hand.
    package static func local(_ tenant: Tenant?) -> Principal {
        Principal(
            kind: tenant == nil ? .operator : .service, credential: .local, username: "operator", permissions: ["*"])
    }
}
