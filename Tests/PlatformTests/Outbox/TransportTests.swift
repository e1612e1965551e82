import Core
import Platform
import TestSupport
import Testing

/// The real way out, to real servers on this machine.
@Suite struct TransportTests {
    private let inside = NetworkTransport(policy: OutboundPolicy(allowed: ["127.0.0.0/8"].compactMap { try? AddressRange($0) }))

    private func mail(_ sink: Sink, user: String = "", password: String = "") -> OutboundMail {
        OutboundMail(
            host: "127.0.0.1", port: sink.port, security: .none, user: user, password: password, sender: "shop@acme.test",
            recipient: "ada@example.com", message: Array("Subject: hello\r\n\r\n.dot\r\nend\r\n".utf8))
    }

    @Test func `a request arrives as it was made, and its answer comes back`() throws {
        let sink = try Sink("http")
        var request = OutboundRequest(method: "PUT", url: "http://127.0.0.1:\(sink.port)/v1/things?x=1%202")
        request.headers = [("X-One", "1"), ("X-Empty", "")]
        request.body = Array("füllung".utf8)
        let response = try inside.send(request)
        #expect(response.status == 200)
        #expect(response.headers.contains { $0 == ("content-type", "application/json") })
        #expect(try JSON.parse(response.body) == ["taken": "/v1/things?x=1%202"])
        let taken = try #require(sink.taken().first)
        #expect(taken["method"] == "PUT" && taken["target"] == "/v1/things?x=1%202" && taken["body"] == "füllung")
        #expect(taken["headers"]?["x-one"] == "1" && taken["headers"]?["x-empty"] == "" && taken["headers"]?["expect"] == nil)
    }

    @Test func `redirects are not followed, long answers and dead ends are told`() throws {
        let moved = try Sink("http", status: 302)
        #expect(try inside.send(OutboundRequest(method: "GET", url: "http://127.0.0.1:\(moved.port)/a")).status == 302)
        #expect(try moved.taken().count == 1)
        let sink = try Sink("http")
        let long = #expect(throws: OutboundFailure.self) { try inside.send(OutboundRequest(method: "GET", url: "http://127.0.0.1:\(sink.port)/long")) }
        #expect(long?.code == "http.too_long" && long?.isUnsure == true)
        let nobody = #expect(throws: OutboundFailure.self) { try inside.send(OutboundRequest(method: "GET", url: "http://127.0.0.1:1/")) }
        #expect(nobody?.code == "http.unreachable" && nobody?.isUnsure == false)
    }

    @Test func `private addresses are refused where they are connected to, whatever the name`() throws {
        let sink = try Sink("http")
        let closed = NetworkTransport(policy: OutboundPolicy())
        for host in ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"] {
            let error = #expect(throws: OutboundFailure.self) { try closed.send(OutboundRequest(method: "GET", url: "http://\(host):\(sink.port)/")) }
            #expect(error?.code == "http.blocked", "\(host): \(error?.message ?? "")")
        }
        let raw = #expect(throws: OutboundFailure.self) { try closed.send([1], host: "localhost", port: sink.port) }
        #expect(raw?.code == "http.blocked")
        #expect(throws: OutboundFailure.self) { try closed.send(mail(sink)) }
        #expect(try sink.taken() == [])
    }

    @Test func `mail is handed over with its envelope, its log-in and its dots`() throws {
        let sink = try Sink("smtp")
        #expect(try inside.send(mail(sink, user: "shop", password: "secret")) == "accepted by 127.0.0.1 with 250")
        let taken = try #require(sink.taken().first)
        #expect(taken["from"] == "shop@acme.test" && taken["to"] == ["ada@example.com"] && taken["user"] == "shop secret", "\(taken)")
        #expect(taken["data"] == "Subject: hello\r\n\r\n.dot\r\nend\r\n")
        let strict = try Sink("smtp", status: 550)
        let refused = #expect(throws: OutboundFailure.self) { try inside.send(mail(strict)) }
        #expect(try strict.taken() == [])
        #expect(refused?.status == 550, "\(String(describing: refused))")
    }

    @Test func `bytes reach a printer's port`() throws {
        let sink = try Sink("raw")
        try inside.send([27, 64, 0, 255], host: "127.0.0.1", port: sink.port)
        // The sink closes once it has written them down.
        #expect(try sink.taken() == [["base64": "G0AA/w=="]])
        let error = #expect(throws: OutboundFailure.self) { try inside.send([1], host: "127.0.0.1", port: 1) }
        #expect(error?.isUnsure == false)
    }

    @Test(arguments: [
        ("8.8.8.8", true), ("2606:4700::1111", true), ("10.1.2.3", false), ("172.31.0.1", false), ("172.32.0.1", true), ("192.168.1.5", false),
        ("169.254.169.254", false), ("100.64.0.1", false), ("::ffff:127.0.0.1", false), ("fe80::1%eth0", false), ("fd00::1", false),
        ("64:ff9b::7f00:1", false), ("0.0.0.0", false), ("224.0.0.1", false), ("nonsense", false),
    ])
    func `the public internet is open, what is inside is not`(address: String, allowed: Bool) {
        #expect(OutboundPolicy().allows(address) == allowed)
    }

    @Test(arguments: [
        "ftp://a.example/", "https://", "https://user@a.example/", "https://a.example@evil.example/", "https://a.example/../b", "https://a.example/%2E%2e/b",
        "https://a.example/a b", "https://a.example/#f", "https://a.example:0/", "https://a.example:99999/", "https://a.example\\@evil/", "https://a.example/a%2f..%2fb",
        "https://ä.example/", "//a.example/", "https://a.example\r\nX: y",
    ])
    func `what is no plain URL is refused`(text: String) {
        #expect(throws: Problem.self) { try OutboundURL(text) }
    }

    @Test func `a grant covers its method, its host and its path, and nothing that only looks like it`() throws {
        let grant = try HTTPGrant("POST https://api.acme.example/v1/*")
        func covers(_ method: String, _ url: String) throws -> Bool { grant.covers(method, try OutboundURL(url)) }
        #expect(try covers("POST", "https://api.acme.example/v1/points"))
        #expect(try covers("POST", "https://API.acme.example:443/v1/"))
        for (method, url) in [
            ("GET", "https://api.acme.example/v1/x"), ("POST", "http://api.acme.example/v1/x"), ("POST", "https://api.acme.example.evil.test/v1/x"),
            ("POST", "https://api.acme.example:8443/v1/x"), ("POST", "https://api.acme.example/v2/x"), ("POST", "https://api.acme.example/"),
        ] {
            #expect(try !covers(method, url), "\(method) \(url)")
        }
        #expect(try HTTPGrant("* https://a.example/x").covers("DELETE", OutboundURL("https://a.example/x")))
        #expect(try !HTTPGrant("* https://a.example/x").covers("GET", OutboundURL("https://a.example/x/y")))
        for text in ["https://a.example/", "FETCH https://a.example/", "GET https://a.example*", "GET https://*.example/", "GET"] {
            #expect(throws: Problem.self, "\(text)") { try HTTPGrant(text) }
        }
    }
}
