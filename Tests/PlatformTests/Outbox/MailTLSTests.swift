import Core
import Platform
import TestSupport
import Testing

/// Mail over TLS to a real server: handed over where its certificate holds, and nothing said where it does not.
@Suite struct MailTLSTests {
    private func transport(trusting path: String?) -> NetworkTransport {
        NetworkTransport(policy: OutboundPolicy(allowed: ["127.0.0.0/8", "::1/128"].compactMap { try? AddressRange($0) }, certificatesPath: path))
    }

    private func mail(_ sink: Sink, _ security: OutboundMail.Security, host: String = "127.0.0.1") -> OutboundMail {
        OutboundMail(
            host: host, port: sink.port, security: security, user: "shop", password: "secret", sender: "shop@acme.test",
            recipient: "ada@example.com", message: Array("Subject: hello\r\n\r\nSecret enough.\r\n".utf8))
    }

    private static let kinds: [(String, OutboundMail.Security)] = [("smtps", .implicit), ("starttls", .starttls)]

    @Test(arguments: kinds) func `mail goes over TLS, log-in and all`(kind: String, security: OutboundMail.Security) throws {
        let certificate = try TestCertificate(for: "IP:127.0.0.1")
        let sink = try Sink(kind, certificate: certificate)
        _ = try transport(trusting: certificate.authorityPath).send(mail(sink, security))
        let taken = try #require(sink.taken().first)
        #expect(taken["tls"]?.string?.hasPrefix("TLSv1.") == true, "\(taken)")
        #expect(taken["user"] == "shop secret" && taken["to"] == ["ada@example.com"] && taken["data"] == "Subject: hello\r\n\r\nSecret enough.\r\n")
    }

    @Test(arguments: kinds) func `a server that nobody vouches for, or of another name, gets nothing`(kind: String, security: OutboundMail.Security) throws {
        let certificate = try TestCertificate(for: "IP:127.0.0.1")
        let sink = try Sink(kind, certificate: certificate)
        let stranger = #expect(throws: OutboundFailure.self) { try transport(trusting: nil).send(mail(sink, security)) }
        #expect(stranger?.code == "http.failed" && stranger?.isUnsure == false, "\(String(describing: stranger))")
        let elsewhere = try TestCertificate(for: "DNS:mail.example.com")
        let other = try Sink(kind, certificate: elsewhere)
        #expect(throws: OutboundFailure.self) { try transport(trusting: elsewhere.authorityPath).send(mail(other, security)) }
        for sink in [sink, other] { #expect(try sink.taken().allSatisfy { $0["data"] == nil && $0["user"] == nil }) }
    }

    @Test func `where STARTTLS is asked for and not offered, neither password nor mail is said`() throws {
        let sink = try Sink("smtp")
        let failure = #expect(throws: OutboundFailure.self) { try transport(trusting: nil).send(mail(sink, .starttls)) }
        #expect(failure?.isUnsure == false)
        #expect(try sink.taken() == [])
    }

    @Test func `a business's mail goes out by its settings, over STARTTLS`() throws {
        let certificate = try TestCertificate(for: "IP:127.0.0.1")
        let sink = try Sink("starttls", certificate: certificate)
        var configuration = TestHouse.configuration
        configuration.transport = transport(trusting: certificate.authorityPath)
        let works = try Works(configuration, Works.chores(["routes/tell.lua": """
            return { method = "POST", path = "/api/tell", permission = "chores.do", run = function()
              mail.send { to = "ada@example.com", subject = "Ready", text = "Your order is ready." }
            end }
            """]))
        _ = try works.call(.put, "/api/settings", ["values": [
            "mail.host": "127.0.0.1", "mail.port": .int(Int64(sink.port)), "mail.tls": "starttls", "mail.user": "shop", "mail.from": "shop@acme.test",
        ]])
        _ = try works.call(.put, "/api/secrets/mail.password", ["value": "s3cret"])
        _ = try works.call(.post, "/api/tell")
        works.settle()
        let taken = try #require(sink.taken().first { $0["data"] != nil })
        #expect(taken["user"] == "shop s3cret" && taken["from"] == "shop@acme.test" && taken["tls"] != nil, "\(taken)")
        #expect(try works.call(.get, "/api/outbox").value["items"]?[0]?["state"] == "sent")
    }
}
