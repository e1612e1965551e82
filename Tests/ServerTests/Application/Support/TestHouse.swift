import Core
import Platform
import Server
import Storage
import TestSupport
import Testing

/// A whole installation as it is served: two tenants in a temporary folder, an application, a server on a free port, a
/// hand-set clock and cheap password hashes.
final class TestHouse {
    let folder: String
    let clock: ManualClock
    let instance: Instance
    let application: Application
    let server: HTTPServer
    let port: UInt16
    let acme: Tenant
    let globex: Tenant

    /// The folder that holds the shipped `Plugins` and `Rules`.
    static let shippedHome = Repository.home

    static let password = "correct horse battery"

    init(
        endpoints: [Endpoint] = TestEndpoints.all, home: String? = nil, localSocket: Bool = false, log: TestLog? = nil,
        configure: (inout Application.Configuration) -> Void = { _ in },
        http change: (inout HTTPServer.Configuration) -> Void = { _ in }
    ) throws {
        var http = HTTPServer.Configuration()
        http.addresses = ["127.0.0.1"]
        change(&http)
        folder = try Files.temporaryDirectory("kontor-server")
        clock = ManualClock(try Instant("2026-01-05T09:00:00.000Z"))
        instance = try Instance.open(
            data: folder, home: home ?? folder, clock: clock,
            configuration: InstanceConfiguration(isSecure: http.isSecure, laneThreads: 2, passwordCost: .minimum))
        let hash = try instance.passwords.hash(Self.password)
        let actor = ActingUser.service(at: clock.now())
        func make(_ name: String, _ domain: String, _ currency: String, _ country: String, _ zone: String) -> NewTenant {
            NewTenant(
                name: name, domain: domain, currency: currency, country: country, timeZone: zone,
                administrator: NewUser(
                    username: "admin", name: "Ada Min", roles: ["admin"], allBranches: true, passwordHash: hash,
                    mustChangePassword: false))
        }
        acme = try instance.createTenant(make("Acme", "acme.localhost", "GHS", "GH", "Africa/Accra"), actor: actor)
        globex = try instance.createTenant(make("Globex", "globex.localhost", "GBP", "GB", "Europe/London"), actor: actor)
        var settings = Application.Configuration()
        settings.version = "1.0.0-test"
        settings.furtherEndpoints += endpoints
        configure(&settings)
        application = Application(instance, settings, log: log?.writer)
        if localSocket { http.localSocket = "\(folder)/kontor.sock" }
        server = HTTPServer(http, handler: application)
        application.figures.connect(server)
        port = try server.start()
    }

    deinit {
        server.stop(drainSeconds: 1)
        application.stop()
        instance.close()
        try? Files.removeTree(folder)
    }

    var actor: ActingUser { .service(at: clock.now()) }

    func advance(seconds: Int64) { clock.advance(milliseconds: seconds * 1_000) }

    // MARK: People

    @discardableResult
    func user(_ username: String, roles: [String] = [], at tenant: Tenant? = nil) throws -> Int64 {
        let new = NewUser(
            username: username, name: username, roles: roles, allBranches: true,
            passwordHash: try instance.passwords.hash(Self.password), mustChangePassword: false)
        let actor = actor
        return try (tenant ?? acme).store.write { db in try Users.create(db, actor, new).id }
    }

    func token(
        _ username: String = "admin", at tenant: Tenant? = nil, scopes: [String] = ["*"], requestsPerMinute: Int64? = 100_000
    ) throws -> String {
        let actor = actor
        return try (tenant ?? acme).store.write { db in
            guard let user = try Users.find(db, username: username) else { throw Problem(404, "test.no_user", username) }
            return try Tokens.create(
                db, actor, userID: user.id, name: "test", scopes: scopes, requestsPerMinute: requestsPerMinute
            ).secret
        }
    }

    func operatorToken() throws -> String {
        try instance.system.createOperator(name: "ops", actor: actor).secret
    }

    // MARK: Clients

    private func kept(_ client: WebClient) -> WebClient {
        client.keep = self
        return client
    }

    func anonymous(_ host: String = "acme.localhost") -> WebClient { kept(WebClient(port: port, host: host)) }

    func client(_ username: String = "admin", at tenant: Tenant? = nil, scopes: [String] = ["*"]) throws -> WebClient {
        let tenant = tenant ?? acme
        return kept(WebClient(port: port, host: tenant.domain, token: try token(username, at: tenant, scopes: scopes)))
    }

    /// Signs in as a browser does.
    func browser(_ username: String = "admin", at tenant: Tenant? = nil) throws -> WebClient {
        let client = anonymous((tenant ?? acme).domain)
        let answer = try client.post("/login", ["username": .string(username), "password": .string(Self.password)])
        guard answer.status == 200, let cookie = answer.header("set-cookie")?.split(separator: ";").first else {
            throw Problem(answer.status, "test.no_login", answer.text)
        }
        client.cookie = String(cookie)
        return client
    }

    func operatorClient() throws -> WebClient {
        kept(WebClient(port: port, host: "127.0.0.1", token: try operatorToken()))
    }
}
