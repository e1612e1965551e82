import Core
import Platform
import Server
import Testing

/// Two tenants, and every route that there is walked with the other one's credentials, host and ids.
@Suite struct IsolationTests {
    private func target(_ endpoint: Endpoint, id: String = "1") -> String {
        endpoint.path.segments.map { segment in
            switch segment {
            case .literal(let text): "/\(text)"
            case .parameter(let name): "/" + (name == "month" ? "2026-01" : name == "code" ? "1000" : id)
            case .rest: "/a/b"
            }
        }.joined()
    }

    private func body(_ endpoint: Endpoint) -> Value {
        endpoint.documentation.input?.example ?? [:]
    }

    @Test func `nobody gets anything with the other tenant's token or cookie`() throws {
        let house = try TestHouse()
        let token = try house.token(at: house.globex)
        let cookie = try #require(try house.browser(at: house.globex).cookie)
        for endpoint in house.application.tenantEndpoints where endpoint.access != .anyone {
            let name = "\(endpoint.method.rawValue) \(endpoint.path)"
            let withToken = WebClient(port: house.port, host: "acme.localhost", token: token)
            let withCookie = WebClient(port: house.port, host: "acme.localhost", cookie: cookie)
            let without = house.anonymous()
            for client in [withToken, withCookie, without] {
                house.advance(seconds: 2)
                let answer =
                    endpoint.method == .get
                    ? try client.get(target(endpoint))
                    : try client.send(endpoint.method.rawValue, target(endpoint), body(endpoint))
                #expect(answer.status == 401, "\(name): \(answer.status) \(answer.text)")
                #expect(!answer.text.lowercased().contains("globex"), "\(name)")
            }
        }
    }

    @Test func `a user without rights gets nothing but what is for every user`() throws {
        let house = try TestHouse()
        try house.user("kofi")
        let kofi = try house.client("kofi")
        for endpoint in house.application.tenantEndpoints {
            guard case .permission(let permission) = endpoint.access else { continue }
            // So that none of them is too often.
            house.advance(seconds: 6)
            let answer =
                endpoint.method == .get
                ? try kofi.get(target(endpoint)) : try kofi.send(endpoint.method.rawValue, target(endpoint), body(endpoint))
            #expect(answer.status == 403, "\(endpoint.method.rawValue) \(endpoint.path): \(answer.status)")
            #expect(answer.json["permission"] == .string(permission))
        }
    }

    @Test func `the other tenant's rows are not there`() throws {
        let house = try TestHouse()
        let acme = try house.client()
        let globex = try house.client(at: house.globex)
        for _ in 0..<3 { _ = try globex.post("/api/test/notes", ["text": "Globex's own"]) }
        _ = try acme.post("/api/test/notes", ["text": "Acme's own"])
        #expect(try acme.get("/api/test/notes/1").json["text"] == "Acme's own")
        #expect(try acme.get("/api/test/notes/2").status == 404)
        #expect(try globex.get("/api/test/notes/1").json["text"] == "Globex's own")
        for endpoint in house.application.tenantEndpoints where endpoint.method == .get && endpoint.path != "/api/events" {
            let answer = try acme.get(target(endpoint, id: "2"))
            #expect(!answer.text.contains("Globex"), "\(endpoint.path): \(answer.text)")
            #expect(answer.status < 500, "\(endpoint.path): \(answer.text)")
        }
    }

    @Test func `one connection may ask for both tenants, and each answer is of the one asked`() throws {
        let house = try TestHouse()
        let client = try house.client()
        let globexToken = try house.token(at: house.globex)
        #expect(try client.get("/api/health").json["name"] == "Acme")
        client.token = globexToken
        #expect(try client.send("GET", "/api/health", host: "globex.localhost").json["name"] == "Globex")
        #expect(try client.send("GET", "/api/test/notes", host: "acme.localhost").status == 401)
        #expect(try client.send("GET", "/api/health", headers: [("X-Forwarded-Host", "globex.localhost")]).json["name"] == nil)
    }

    @Test func `no endpoint breaks on its own example, or on none`() throws {
        let house = try TestHouse()
        let client = try house.client()
        for endpoint in house.application.tenantEndpoints where endpoint.path != "/api/events" && endpoint.path != "/logout" {
            for body in [body(endpoint), [:]] {
                let answer =
                    endpoint.method == .get
                    ? try client.get(target(endpoint)) : try client.send(endpoint.method.rawValue, target(endpoint), body)
                #expect(answer.status < 500, "\(endpoint.method.rawValue) \(endpoint.path): \(answer.text)")
            }
        }
    }
}
