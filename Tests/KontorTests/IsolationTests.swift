import Core
import Testing

@testable import kontor

/// No route answers one business's data to the other's host, token, cookie or ids.
@Suite struct IsolationTests {
    @Test func `no registered route answers acme's token, cookie or ids at globex`() throws {
        let data = try Kontor.demoData()
        let server = try RunningServer(data.path)
        let acme = try server.demo.tenant("acme"), globex = try server.demo.tenant("globex")
        let own = try server.caller()
        for _ in 0..<3 { #expect(try own.ask("POST", "/api/sales", firstSale).status == 201) }

        let stranger = Caller(port: server.port, host: globex.domain, token: try acme.user("admin").token)
        let cookie = try Self.cookie(of: server, acme)
        let local = try server.caller("globex")
        // Or the rate limit would answer before anybody has looked.
        let limit: Value = ["requests": 1_000_000, "seconds": 1]
        let widened = try local.ask("PUT", "/api/rate-limits", ["standard": limit, "analytics": limit, "trigger": limit])
        try #require(widened.status == 200, "\(widened.body)")
        let secrets = try Self.secrets(of: own)
        try #require(secrets.count > 20)

        let routes = try Self.routes(own)
        try #require(routes.count > 40)
        var walked = 0
        for (method, template, isOpen) in routes {
            let path = Self.filled(template)
            let body: Value? = method == "GET" ? nil : [:]
            // Acme's token at globex is nobody's.
            let byToken = try stranger.ask(method, path, body)
            // Another tenant's token: 401, on open routes too unless they never look at it.
            if !isOpen { #expect(byToken.status == 401, "\(method) \(path) answered \(byToken.status) to a stranger's token") }
            // So is acme's cookie.
            let byCookie = try server.anonymous(host: globex.domain).ask(
                method, path, body, headers: [("Cookie", cookie), ("Origin", "http://\(globex.domain):\(server.port)")])
            if !isOpen { #expect(byCookie.status == 401, "\(method) \(path) answered \(byCookie.status) to a stranger's cookie") }
            for answer in [byToken, byCookie] {
                let text = String(decoding: answer.bytes, as: UTF8.self)
                #expect(!secrets.contains { text.contains($0) }, "\(method) \(path) told a stranger something of acme's")
            }
            // Globex's own admin, with ids that acme has, sees globex's rows or none. The stream of events has no end to read to.
            // (The description's examples are the same for all.)
            if method == "GET", template != "/api/events", template != "/openapi.json" {
                let text = String(decoding: try local.ask(method, path).bytes, as: UTF8.self)
                #expect(!secrets.contains { text.contains($0) }, "\(method) \(path) told globex something of acme's")
            }
            walked += 1
        }
        #expect(walked == routes.count)
        let report = try own.ask("POST", "/api/ledger/verify", [:])
        #expect(report["ok"] == true)
    }

    @Test func `an unknown host is nobody's and the operator's routes stay at home`() throws {
        let data = try Kontor.demoData()
        let server = try RunningServer(data.path)
        let unknown = try server.anonymous(host: "nobody.example").get("/api/session")
        #expect(unknown.status == 404 && unknown.code == "tenant.not_found")
        let admin = try server.caller()
        for path in ["/metrics", "/api/tenants"] {
            #expect([401, 403, 404].contains(try admin.get(path).status), "\(path)")
            #expect([401, 403, 404].contains(try server.anonymous(host: "127.0.0.1").get(path).status) || path == "/metrics")
        }
        let operatorCaller = Caller(port: server.port, host: "127.0.0.1", token: server.demo.operatorToken)
        #expect(try operatorCaller.all("/api/tenants").count == 2)
        #expect(try operatorCaller.get("/metrics").status == 200)
    }

    /// Every route of a business as its own description names it.
    static func routes(_ caller: Caller) throws -> [(method: String, path: String, isOpen: Bool)] {
        let document = try caller.get("/openapi.json")
        try #require(document.status == 200)
        let paths = try #require(document["paths"]?.object)
        return paths.flatMap { path in
            ["get", "post", "put", "patch", "delete"].compactMap { method in
                guard let operation = path.value[method] else { return nil }
                // No security, or one that may be empty: open to anyone.
                let security = operation["security"]?.array
                let isOpen = security.map { $0.isEmpty || $0.contains { $0.object?.isEmpty == true } } ?? false
                return (method.uppercased(), path.key, isOpen)
            }
        }
    }

    /// A path with the first id in each place, which both businesses have.
    private static func filled(_ template: String) -> String {
        template.split(separator: "/", omittingEmptySubsequences: false).map { part in
            guard part.hasPrefix("{") else { return String(part) }
            switch part {
            case "{month}": return "2026-01"
            case "{path}", "{path...}": return "Rules/tax/gh-standard.lua"
            case "{code}": return "1000"
            default: return "1"
            }
        }.joined(separator: "/")
    }

    private static func cookie(of server: RunningServer, _ tenant: DemoFacts.Tenant) throws -> String {
        let user = try tenant.user("admin")
        let answer = try server.anonymous(host: tenant.domain).ask(
            "POST", "/login", ["username": .string(user.username), "password": .string(user.password)],
            headers: [("Origin", "http://\(tenant.domain):\(server.port)")])
        try #require((200..<300).contains(answer.status), "\(answer.body)")
        let cookie = try #require(answer.header("set-cookie"))
        return String(cookie.prefix { $0 != ";" })
    }

    /// Texts that only acme's data holds.
    private static func secrets(of caller: Caller) throws -> Set<String> {
        var secrets: Set<String> = []
        for product in try caller.all("/api/products") {
            for key in ["sku", "name"] { if let text = product[key]?.string, text.count > 5 { secrets.insert("\"\(text)\"") } }
        }
        secrets.insert("\"GHS\"")
        secrets.insert("\"ACC-01\"")
        return secrets
    }
}
