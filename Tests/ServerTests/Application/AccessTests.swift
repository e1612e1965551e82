import Core
import Platform
import Server
import Testing

/// Who gets in, and where.
@Suite struct AccessTests {
    @Test func `every endpoint names who may call it, and only these are for anybody`() throws {
        let house = try TestHouse(endpoints: [])
        let open = house.application.tenantEndpoints.filter { $0.access == .anyone }.map { "\($0.method.rawValue) \($0.path)" }
        #expect(open.sorted() == ["GET /api/health", "POST /api/set-password", "POST /login"])
        #expect(house.application.tenantEndpoints.allSatisfy { $0.access != .operator })
        let openToAll = house.application.operatorEndpoints.filter { $0.access != .operator }.map(\.path.description)
        #expect(openToAll == ["/api/health", "/metrics"])
    }

    @Test func `a permission is asked for before anything else is looked at`() throws {
        let house = try TestHouse()
        try house.user("kofi")
        let nobody = house.anonymous()
        let kofi = try house.client("kofi")
        let admin = try house.client()
        #expect(try nobody.post("/api/test/notes", ["text": "x"]).status == 401)
        #expect(try nobody.post("/api/test/notes", ["text": "x"]).header("www-authenticate") == "Bearer")
        let refused = try kofi.send("POST", "/api/test/notes", headers: [("Content-Type", "application/json")], body: Array("{".utf8))
        #expect(refused.status == 403)
        #expect(refused.code == "auth.forbidden")
        #expect(refused.json["permission"] == "settings.edit")
        #expect(refused.header("content-type") == "application/problem+json")
        #expect(refused.json["request_id"]?.string == refused.header("x-request-id"))
        #expect(try admin.post("/api/test/notes", ["text": "x"]).status == 201)
        #expect(try kofi.get("/api/test/analytics").status == 200)
        #expect(try nobody.get("/api/test/analytics").status == 401)
    }

    @Test func `a token narrowed to scopes may do no more than these`() throws {
        let house = try TestHouse()
        let reader = try house.client(scopes: ["settings.view"])
        #expect(try reader.get("/api/test/notes").status == 200)
        #expect(try reader.post("/api/test/notes", ["text": "x"]).status == 403)
    }

    @Test(arguments: ["Basic YTpi", "Bearer", "Bearer ", "bearer nonsense", "Bearer kt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "Token x"])
    func `what is no valid token is nobody`(header: String) throws {
        let house = try TestHouse()
        let client = house.anonymous()
        #expect(try client.get("/api/test/notes", headers: [("Authorization", header)]).status == 401)
        // and where nobody need be anybody, it does no harm
        #expect(try client.get("/api/test/open", headers: [("Authorization", header)]).status == 200)
    }

    @Test func `x-user-id must name whoever is signed in and never signs anybody in`() throws {
        let house = try TestHouse()
        let id = try house.user("kofi", roles: ["admin"])
        let kofi = try house.client("kofi")
        #expect(try kofi.get("/api/test/notes", headers: [("x-user-id", String(id))]).status == 200)
        let refused = try kofi.get("/api/test/notes", headers: [("x-user-id", "1")])
        #expect(refused.status == 403)
        #expect(refused.code == "auth.user_mismatch")
        #expect(try house.anonymous().get("/api/test/notes", headers: [("x-user-id", String(id))]).status == 401)
    }

    @Test func `a browser's write needs the business's own origin and JSON`() throws {
        let house = try TestHouse()
        let browser = try house.browser()
        #expect(try browser.get("/api/test/notes").status == 200)
        #expect(try browser.post("/api/test/notes", ["text": "x"]).status == 201)
        let body = Array(#"{"text":"x"}"#.utf8)
        let json = ("Content-Type", "application/json")
        #expect(try browser.send("POST", "/api/test/notes", headers: [json], body: body).code == "auth.cross_site")
        #expect(
            try browser.send("POST", "/api/test/notes", headers: [json, ("Origin", "http://evil.example")], body: body).code
                == "auth.cross_site")
        #expect(
            try browser.send(
                "POST", "/api/test/notes", headers: [json, ("Origin", "http://globex.localhost:\(house.port)")], body: body
            ).code == "auth.cross_site")
        #expect(
            try browser.send(
                "POST", "/api/test/notes", headers: [("Content-Type", "text/plain"), ("Origin", browser.origin)], body: body
            ).status == 415)
        // a token needs no origin, and a cookie beside it gives no authority
        let both = try house.client()
        both.cookie = browser.cookie
        #expect(try both.send("POST", "/api/test/notes", headers: [json], body: body).status == 201)
        both.token = "kt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        #expect(try both.get("/api/test/notes").status == 401)
    }

    @Test func `a session ends at logout and by time`() throws {
        let house = try TestHouse()
        let browser = try house.browser()
        #expect(try browser.post("/logout", [:]).status == 204)
        #expect(try browser.get("/api/test/notes").status == 401)
        let other = try house.browser()
        house.advance(seconds: 31 * 60)
        #expect(try other.get("/api/test/notes").code == "auth.expired")
        // an old cookie does not keep anybody from signing in again
        #expect(
            try other.post("/login", ["username": "admin", "password": .string(TestHouse.password)]).status == 200)
    }

    @Test func `the operator's API is for the operator, on the operator's host`() throws {
        let house = try TestHouse()
        let ops = try house.operatorClient()
        #expect(try ops.get("/api/tenants").json["items"]?.array?.count == 2)
        #expect(try house.anonymous("127.0.0.1").get("/api/tenants").status == 401)
        #expect(try house.anonymous("localhost").get("/api/tenants").status == 401)
        let admin = WebClient(port: house.port, host: "127.0.0.1", token: try house.token())
        #expect(try admin.get("/api/tenants").status == 401)
        // not on a tenant's host, and no tenant's API on the operator's
        #expect(try house.client().get("/api/tenants").status == 404)
        #expect(try ops.get("/api/users").status == 404)
        let misplaced = WebClient(port: house.port, host: "acme.localhost", token: ops.token)
        #expect(try misplaced.get("/api/users").status == 401)
    }

    @Test func `an unknown host is nobody's, an inactive tenant lets nobody in`() throws {
        let house = try TestHouse()
        let token = try house.token()
        for path in ["/", "/api/health", "/api/test/notes", "/openapi.json"] {
            let answer = try house.anonymous("unknown.example").get(path)
            #expect(answer.status == 404)
            #expect(answer.code == "tenant.not_found")
        }
        let ops = try house.operatorClient()
        let suspended = try ops.post("/api/tenants/\(house.acme.id)/status", ["status": "inactive", "reason": "test"])
        #expect(suspended.status == 200, "\(suspended.text)")
        let client = WebClient(port: house.port, host: "acme.localhost", token: token)
        for path in ["/api/test/notes", "/api/users", "/openapi.json"] { #expect(try client.get(path).code == "tenant.inactive") }
        #expect(try client.post("/api/test/notes", ["text": "x"]).code == "tenant.inactive")
        #expect(try house.client(at: house.globex).get("/api/test/notes").status == 200)
        // whoever may export still gets in to read
        let browser = try house.browser()
        #expect(try browser.get("/api/test/notes").status == 200)
        #expect(try browser.post("/api/test/notes", ["text": "x"]).code == "auth.read_only")
        _ = try ops.post("/api/tenants/\(house.acme.id)/status", ["status": "active", "reason": "paid"])
        #expect(try client.get("/api/test/notes").status == 200)
    }
}
