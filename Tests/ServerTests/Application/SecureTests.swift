import Core
import Platform
import Server
import Testing

/// Cookies and all that goes with TLS: whether the server speaks it itself or a proxy in front does.
@Suite struct SecureTests {
    private func post(_ path: String, _ json: String, headers: [String]) -> String {
        let lines = headers + ["Host: acme.localhost", "Content-Type: application/json", "Content-Length: \(json.utf8.count)", "Connection: close"]
        return "POST \(path) HTTP/1.1\r\n\(lines.joined(separator: "\r\n"))\r\n\r\n\(json)"
    }

    private func cookie(in answer: String) throws -> String {
        let line = try #require(answer.split(separator: "\r\n").first { $0.lowercased().hasPrefix("set-cookie: ") })
        #expect(line.contains("; Secure") && line.contains("; HttpOnly") && line.contains("; SameSite=Lax") && line.contains("; Path=/;"))
        let pair = try #require(line.dropFirst("set-cookie: ".count).split(separator: ";").first)
        #expect(pair.hasPrefix("__Host-kontor="))
        return String(pair)
    }

    private let logIn = #"{"username":"admin","password":"\#(TestHouse.password)"}"#
    private let note = #"{"text":"a"}"#

    @Test func `over TLS a browser signs in and writes, with a cookie that is bound to it`() throws {
        let tls = try TestCertificate.make()
        let house = try TestHouse(http: { $0.tls = tls })
        func ask(_ request: String) throws -> String { try TestCertificate.exchange(port: house.port, request) }
        let answer = try ask(post("/login", logIn, headers: []))
        #expect(answer.hasPrefix("HTTP/1.1 200"))
        #expect(answer.contains("Strict-Transport-Security: max-age="))
        let cookie = try cookie(in: answer)
        let own = ["Cookie: \(cookie)", "Origin: https://acme.localhost"]
        #expect(try ask(post("/api/test/notes", note, headers: own)).hasPrefix("HTTP/1.1 201"))
        let plain = ["Cookie: \(cookie)", "Origin: http://acme.localhost"]
        #expect(try ask(post("/api/test/notes", note, headers: plain)).contains("auth.cross_site"))
        // A cookie that could have been set over plain HTTP is none.
        let renamed = ["Cookie: \(cookie.dropFirst("__Host-".count))", "Origin: https://acme.localhost"]
        #expect(try ask(post("/api/test/notes", note, headers: renamed)).hasPrefix("HTTP/1.1 401"))
        let out = try ask(post("/logout", "", headers: own))
        #expect(out.hasPrefix("HTTP/1.1 204") && out.contains("__Host-kontor=; Path=/; Max-Age=0"))
        #expect(try ask(post("/api/test/notes", note, headers: own)).hasPrefix("HTTP/1.1 401"))
        #expect(house.instance.url(house.acme, path: "/x").hasPrefix("https://acme.localhost"))
    }

    @Test func `behind a proxy that speaks TLS it is the same, and its word on the address is taken`() throws {
        let log = try TestLog()
        let house = try TestHouse(log: log, http: { $0.tlsProxies = ["127.0.0.1"] })
        let client = house.anonymous()
        func send(_ method: String, _ path: String, _ json: String?, _ headers: [(String, String)]) throws -> WebClient.Answer {
            let type = json == nil ? [] : [("Content-Type", "application/json")]
            return try client.send(method, path, headers: headers + type, body: json.map { Array($0.utf8) }, host: "acme.localhost")
        }
        let answer = try send("POST", "/login", logIn, [("X-Forwarded-For", "6.6.6.6, 203.0.113.9")])
        #expect(answer.status == 200)
        #expect(answer.header("strict-transport-security") != nil)
        let set = try #require(answer.header("set-cookie"))
        #expect(set.hasPrefix("__Host-kontor=") && set.contains("; Secure"))
        client.cookie = set.split(separator: ";").first.map(String.init)
        #expect(try send("POST", "/api/test/notes", note, [("Origin", "https://acme.localhost")]).status == 201)
        #expect(try send("POST", "/api/test/notes", note, [("Origin", "http://acme.localhost")]).code == "auth.cross_site")
        // The last word is the proxy's own; what is no address is not taken.
        for forwarded in ["nonsense", "203.0.113.9:80", "", "\"203.0.113.1\""] {
            _ = try send("GET", "/api/test/notes", nil, [("X-Forwarded-For", "7.7.7.7"), ("X-Forwarded-For", forwarded)])
        }
        _ = try send("GET", "/api/test/notes", nil, [("X-Forwarded-For", "7.7.7.7"), ("X-Forwarded-For", "2001:db8::7")])
        let addresses = try log.lines("request").map { $0["address"]?.string ?? "" }
        #expect(addresses == ["203.0.113.9", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "2001:db8::7"])
    }

    @Test func `who may choose among the addresses of a network counts as one caller`() throws {
        let house = try TestHouse(http: { $0.tlsProxies = ["127.0.0.1"] })
        func ask(_ address: String) throws -> Int {
            try house.anonymous().send("GET", "/api/test/open", headers: [("X-Forwarded-For", address)]).status
        }
        for host in 1...100 { #expect(try ask("2001:db8:1:2::\(String(host, radix: 16))") == 200) }
        #expect(try ask("2001:db8:1:2:ffff::1") == 429)
        #expect(try ask("2001:db8:1:3::1") == 200, "the next network")
        for _ in 1...100 { #expect(try ask("::ffff:203.0.113.9") == 200) }
        #expect(try ask("203.0.113.9") == 429)
        #expect(try ask("203.0.113.10") == 200)
    }

    @Test func `nobody else is believed`() throws {
        let log = try TestLog()
        let house = try TestHouse(log: log)
        let answer = try house.anonymous().send(
            "GET", "/api/test/open", headers: [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")])
        #expect(answer.status == 200)
        #expect(answer.header("strict-transport-security") == nil)
        #expect(try log.lines("request").map { $0["address"]?.string } == ["127.0.0.1"])
        #expect(try house.browser().cookie?.hasPrefix("kontor=") == true)
    }
}
