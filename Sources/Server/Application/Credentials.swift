import Core
import Platform

extension Application {
    /// Who makes the request, by what it shows. A bearer token comes before a cookie and carries no authority of one.
    ///
    /// - Parameter mayWait: whether the database may be asked; a connection's thread must not stand in line for it.
    /// - Returns: nil when only the database can tell, and `mayWait` is false.
    /// - Throws: 401 for a credential that is not valid here.
    func principal(of inquiry: some Inquiry, _ tenant: Tenant?, _ now: Instant, mayWait: Bool = true) throws -> Principal? {
        switch try shown(by: inquiry, tenant) {
        case .nothing: return .anonymous
        case .local: return .local(tenant)
        case .operatorToken(let token): return try instance.system.authenticateOperator(token: token, now: now)
        case .credential(let credential, let tenant):
            return mayWait
                ? try Authentication.authenticate(credential, at: tenant, now: now)
                : try Authentication.known(credential, at: tenant, now: now)
        }
    }

    /// The same for those who only watch: it does not count as use. May wait.
    func watcher(of inquiry: some Inquiry, _ tenant: Tenant, _ now: Instant) throws -> Principal {
        switch try shown(by: inquiry, tenant) {
        case .nothing, .operatorToken: return .anonymous
        case .local: return .local(tenant)
        case .credential(let credential, let tenant): return try Authentication.look(credential, at: tenant, now: now)
        }
    }

    private enum Shown {
        case nothing
        /// The installation's own socket. It has mode 0600: whoever can open it may read the data too.
        case local
        case operatorToken(String)
        case credential(Authentication.Credential, Tenant)
    }

    private func shown(by inquiry: some Inquiry, _ tenant: Tenant?) throws(Problem) -> Shown {
        if let header = inquiry.header("authorization") {
            let token = try bearerToken(header)
            return tenant.map { .credential(.token(token), $0) } ?? .operatorToken(token)
        }
        if inquiry.isLocal { return .local }
        guard let tenant, let header = inquiry.header("cookie"),
            let secret = SessionCookie.secret(in: header, secure: instance.configuration.isSecure)
        else { return .nothing }
        return .credential(.session(secret), tenant)
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
