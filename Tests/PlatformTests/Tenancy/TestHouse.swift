import Core
import Platform
import Storage
import Testing

/// An installation in a temporary folder with two tenants, a hand-set clock and cheap password hashes.
final class TestHouse: Sendable {
    let folder: String
    let clock: ManualClock
    let instance: Instance
    let acme: Tenant
    let globex: Tenant

    static let start = "2026-01-05T09:00:00.000Z"
    static let configuration = InstanceConfiguration(laneThreads: 2, passwordCost: .minimum)
    static let password = "correct horse battery"

    init(configuration: InstanceConfiguration = configuration) throws {
        folder = try Files.temporaryDirectory("kontor-house")
        clock = ManualClock(try Instant(Self.start))
        instance = try Instance.open(data: folder, home: folder, clock: clock, configuration: configuration)
        let hash = try instance.passwords.hash(Self.password)
        func make(_ name: String, _ domain: String, _ currency: String, _ country: String, _ zone: String) throws -> NewTenant {
            NewTenant(
                name: name, domain: domain, currency: currency, country: country, timeZone: zone,
                administrator: NewUser(
                    username: "admin", name: "Ada Min", email: "ada@\(domain).test", roles: ["admin"], allBranches: true,
                    passwordHash: hash, mustChangePassword: false))
        }
        let actor = ActingUser.service(at: clock.now())
        acme = try instance.createTenant(try make("Acme", "acme.localhost", "GHS", "GH", "Africa/Accra"), actor: actor)
        globex = try instance.createTenant(try make("Globex", "globex.localhost", "GBP", "GB", "Europe/London"), actor: actor)
    }

    deinit {
        instance.close()
        try? Files.removeTree(folder)
    }

    var now: Instant { clock.now() }
    var actor: ActingUser { .service(at: now) }

    func advance(seconds: Int64) { clock.advance(milliseconds: seconds * 1000) }

    // MARK: People

    @discardableResult
    func user(
        _ username: String, roles: [String] = [], at tenant: Tenant? = nil, branches: [Int64] = [], allBranches: Bool = false,
        password: String = password
    ) throws -> User {
        let new = NewUser(
            username: username, name: username.uppercased(), roles: roles, allBranches: allBranches, branchIDs: branches,
            passwordHash: try instance.passwords.hash(password), mustChangePassword: false)
        let actor = actor
        return try (tenant ?? acme).store.write { db in try Users.create(db, actor, new) }
    }

    func token(
        _ userID: Int64, at tenant: Tenant? = nil, scopes: [String] = ["*"], expiresAt: Instant? = nil
    ) throws -> (token: Token, secret: String) {
        let actor = actor
        return try (tenant ?? acme).store.write { db in
            try Tokens.create(db, actor, userID: userID, name: "test", scopes: scopes, expiresAt: expiresAt)
        }
    }

    func principal(_ secret: String, at tenant: Tenant? = nil) throws -> Principal {
        try Authentication.authenticate(.token(secret), at: tenant ?? acme, now: now)
    }

    func session(_ secret: String, at tenant: Tenant? = nil) throws -> Principal {
        try Authentication.authenticate(.session(secret), at: tenant ?? acme, now: now)
    }

    func signIn(
        _ name: String, _ password: String = password, code: String? = nil, at tenant: Tenant? = nil,
        from address: String = "192.0.2.7"
    ) throws -> LogIn.Success {
        try LogIn.signIn(
            tenant ?? acme, instance, name: name, password: password, code: code, remoteAddress: address,
            requestID: "r1", now: now)
    }

    func admin(at tenant: Tenant? = nil) throws -> Principal {
        try session(try signIn("admin", at: tenant).secret, at: tenant)
    }

    // MARK: Calls

    private static let router = Router<Endpoint>(PlatformEndpoints.tenant)

    /// Serves a call as the server does: permission, schema, then the endpoint where it runs.
    func call(
        _ method: Endpoint.Method, _ path: String, as principal: Principal, at tenant: Tenant? = nil, _ body: Value = [:],
        query: [(String, String)] = [], ifMatch: String? = nil, from address: String = "192.0.2.7"
    ) throws -> Reply {
        let tenant = tenant ?? acme
        guard case .found(let endpoint, let parameters) = Self.router.match(method, path) else {
            throw Problem(404, "test.no_route", "\(method.rawValue) \(path)")
        }
        try Authorization.check(principal, endpoint)
        let body = try endpoint.documentation.input?.read(body, currency: tenant.currency) ?? .null
        // Handed from this thread to the lane's and back; never used by two at a time.
        nonisolated(unsafe) let call = Call(
            endpoint: endpoint, instance: instance, tenant: tenant, revision: nil, principal: principal,
            parameters: parameters, query: query.map { (name: $0.0, value: $0.1) }, body: body, ifMatch: ifMatch,
            requestID: "r1", remoteAddress: address, now: now)
        try Authorization.admit(call, actingUser: nil)
        switch endpoint.execution {
        case .inline, .worker: return try endpoint.handle(call)
        case .read: return try tenant.store.read { db in try call.with(db) { try endpoint.handle(call) } }
        case .write: return try tenant.store.write { db in try call.with(db) { try endpoint.handle(call) } }
        }
    }

    /// Whether the closed file of acme has these bytes anywhere.
    func fileContains(_ part: [UInt8]) throws -> Bool {
        let file = try acme.store.whileClosed("test") { try Files.read(acme.store.path) }
        guard let first = part.first else { return true }
        return file.indices.contains { file[$0] == first && file[$0...].starts(with: part) }
    }

    func audit(at tenant: Tenant? = nil) throws -> [Value] {
        try (tenant ?? acme).store.read { db in try Audit.list(db, Audit.Filter(), limit: 1_000) }
    }

    func actions(at tenant: Tenant? = nil) throws -> [String] {
        try audit(at: tenant).reversed().compactMap { $0["action"]?.string }
    }
}

extension Reply {
    var json: Value {
        if case .json(let value) = body { value } else { .null }
    }
}

/// The code of the problem that `body` throws; nil when it throws none.
func code(_ body: () throws -> some Any) -> String? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? any ProblemConvertible)?.problem.code ?? "not a problem: \(error)"
    }
}
