import Core
import Storage

/// Carries messages to the world outside: one way of delivery for each kind. What it needs of settings and secrets it reads
/// when it goes, so that a corrected setting helps what waits.
package final class Courier: Sendable {
    let transport: any Transport
    private let clock: any Clock

    package init(_ transport: any Transport, clock: any Clock) {
        self.transport = transport
        self.clock = clock
    }

    /// - Returns: how it ended; nothing is thrown, whatever happens outside.
    func deliver(_ message: OutboxMessage, _ tenant: Tenant) -> DeliveryReport {
        do {
            switch message.kind {
            case .mail: return try mail(message, tenant)
            case .http: return try http(message, tenant)
            case .message: return try short(message, tenant)
            case .print: return try print(message, tenant)
            }
        } catch let failure as OutboundFailure {
            if (500...599).contains(failure.status), message.kind == .mail, failure.status != 535 {
                return .refused("The mail server answered \(failure.status): \(failure.message)")
            }
            return .failed("\(failure.code): \(failure.message)", isUnsure: failure.isUnsure)
        } catch let problem as Problem where (400...499).contains(problem.status) {
            return .refused("\(problem.code): \(problem.detail)")
        } catch {
            return .failed(JobStep.text(error), isUnsure: false)
        }
    }

    // MARK: Kinds

    private func mail(_ message: OutboxMessage, _ tenant: Tenant) throws -> DeliveryReport {
        let facts = try tenant.store.read { db in
            (
                host: try text(db, "mail.host"), port: try Self.setting(db, "mail.port")?.int ?? 587, tls: try text(db, "mail.tls"),
                user: try text(db, "mail.user"), from: try text(db, "mail.from"), replyTo: try text(db, "mail.reply_to"),
                password: try Secrets(db, tenant).open(Secrets.mailPassword) ?? ""
            )
        }
        guard !facts.host.isEmpty, !facts.from.isEmpty else {
            return .failed("mail.not_configured: The settings mail.host and mail.from say where mail goes out; they are not set.", isUnsure: false)
        }
        guard Self.isHost(facts.host) else { return .failed("mail.not_configured: The setting mail.host is no name of a server.", isUnsure: false) }
        let from = try MailAddress(facts.from)
        let to = try MailAddress(message.payload["to"]?.string ?? "")
        var mail = MailMessage(
            from: from, to: to, subject: message.payload["subject"]?.string ?? "", text: message.payload["text"]?.string ?? "",
            key: message.messageKey, date: (try? Instant(message.createdAt)) ?? clock.now())
        mail.html = message.payload["html"]?.string
        let replyTo = message.payload["reply_to"]?.string ?? facts.replyTo
        if !replyTo.isEmpty { mail.replyTo = try MailAddress(replyTo) }
        for item in message.payload["attachments"]?.array ?? [] {
            mail.attachments.append(
                .init(
                    name: item["name"]?.string ?? "attachment", type: item["type"]?.string ?? "application/octet-stream",
                    bytes: item["base64"]?.string.flatMap(Base64.decode) ?? []))
        }
        let answer = try transport.send(
            OutboundMail(
                host: facts.host, port: Int(facts.port), security: OutboundMail.Security(rawValue: facts.tls) ?? .starttls, user: facts.user,
                password: facts.password, sender: from.address, recipient: to.address, message: mail.bytes))
        return .delivered(response: answer)
    }

    private func http(_ message: OutboxMessage, _ tenant: Tenant) throws -> DeliveryReport {
        var request = OutboundRequest(method: message.payload["method"]?.string ?? "POST", url: message.payload["url"]?.string ?? "")
        request.headers = try tenant.store.read { db in
            try Self.headers(message.payload["headers"] ?? .null, plugin: message.plugin, Secrets(db, tenant))
        }
        request.headers.append(("Idempotency-Key", message.payload["idempotency_key"]?.string ?? message.messageKey))
        request.body = Array((message.payload["body"]?.string ?? "").utf8)
        if let milliseconds = message.payload["timeout"]?.int { request.milliseconds = Int(milliseconds) }
        return Self.report(try transport.send(request))
    }

    private func short(_ message: OutboxMessage, _ tenant: Tenant) throws -> DeliveryReport {
        let facts = try tenant.store.read { db in
            (
                url: try text(db, "message.url"), method: try text(db, "message.method"), type: try text(db, "message.content_type"),
                body: try text(db, "message.body"), authorization: try text(db, "message.authorization"), sender: try text(db, "message.sender"),
                token: try Secrets(db, tenant).open(Secrets.messageToken) ?? ""
            )
        }
        guard !facts.url.isEmpty else {
            return .failed("message.not_configured: The setting message.url says which gateway sends short messages; it is not set.", isUnsure: false)
        }
        let values = [
            "to": message.payload["to"]?.string ?? "", "text": message.payload["text"]?.string ?? "", "sender": facts.sender,
            "key": message.messageKey,
        ]
        let url = Placeholders.fill(facts.url, values, escape: \.percentEncodedForURL)
        var request = OutboundRequest(method: facts.method, url: try OutboundURL(url).text)
        request.headers = [("Idempotency-Key", message.messageKey)]
        if !facts.authorization.isEmpty {
            let value = facts.authorization.replacing("{secret}", with: facts.token)
            try Self.check(header: "Authorization", value)
            request.headers.append(("Authorization", value))
        }
        if facts.method != "GET" {
            try Self.check(header: "Content-Type", facts.type)
            request.headers.append(("Content-Type", facts.type))
            request.body = Array(Placeholders.fill(facts.body, values, escape: Self.escape(for: facts.type)).utf8)
        }
        return Self.report(try transport.send(request))
    }

    private func print(_ message: OutboxMessage, _ tenant: Tenant) throws -> DeliveryReport {
        let till = message.payload["till"]?.int
        let facts = try tenant.store.read { db in
            let branch = try till.map { try Tills.get(db, $0).branchID } ?? message.payload["branch"]?.int
            return (
                host: try Self.setting(db, "print.host", branch: branch, till: till)?.string ?? "",
                port: try Self.setting(db, "print.port", branch: branch, till: till)?.int ?? 9_100
            )
        }
        guard !facts.host.isEmpty else {
            return .failed("print.not_configured: The setting print.host says where the printer is; it is not set.", isUnsure: false)
        }
        let bytes = message.payload["base64"]?.string.flatMap(Base64.decode) ?? Array((message.payload["text"]?.string ?? "").utf8)
        try transport.send(bytes, host: facts.host, port: Int(facts.port))
        return .delivered(response: "\(bytes.count) bytes to \(facts.host) port \(facts.port)")
    }

    // MARK: Parts

    /// What a server's status means for a message: 2xx has it, 408, 425, 429 and 5xx may have it later, others will not.
    static func report(_ response: OutboundResponse) -> DeliveryReport {
        let body = String(decoding: response.body.prefix(500), as: UTF8.self)
        switch response.status {
        case 200...299: return .delivered(response: "\(response.status) \(body)")
        case 408, 425, 429, 500...: return .failed("The other side answered \(response.status): \(body)", isUnsure: response.status >= 500)
        default: return .refused("The other side answered \(response.status): \(body)")
        }
    }

    private func text(_ db: Connection, _ key: String) throws -> String { try Self.setting(db, key)?.string ?? "" }

    static func setting(_ db: Connection, _ key: String, branch: Int64? = nil, till: Int64? = nil) throws -> Value? {
        try Settings.resolve(db, key, branch: branch, till: till) ?? KernelSettings.all.first { $0.key == key }?.field.fallback
    }

    /// The headers of a request, handles replaced by the secrets of the plugin that made them.
    /// - Throws: 422 `http.header_invalid`, 503 `secret.missing`.
    static func headers(_ value: Value, plugin: String, _ secrets: Secrets) throws -> [(name: String, value: String)] {
        try (value.object ?? Object()).map { name, value in
            var text = value.string ?? ""
            if let handle = value["secret"]?.string {
                guard let secret = try secrets.open("\(plugin).\(handle)") else {
                    throw Problem(503, "secret.missing", "The secret \(plugin).\(handle) is not set.")
                }
                text = (value["before"]?.string ?? "") + secret
            }
            try check(header: name, text)
            return (name, text)
        }
    }

    private static let reserved: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "idempotency-key", "expect", "te", "upgrade", "trailer", "user-agent",
    ]

    static func check(header name: String, _ value: String) throws {
        let isToken = !name.isEmpty && name.utf8.count <= 100 && name.utf8.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || $0 == 0x2D || $0 == 0x5F
        }
        guard isToken, !reserved.contains(name.lowercased()) || name == "Authorization" else {
            throw Problem(422, "http.header_invalid", "“\(name.prefix(100))” is no header that may be set.", field: "headers")
        }
        guard value.utf8.count <= 8_000, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw Problem(422, "http.header_invalid", "The header \(name) has characters that a header does not have.", field: "headers")
        }
    }

    static func isHost(_ text: String) -> Bool { (try? OutboundURL("http://\(text)/"))?.origin == "http://\(text.lowercased())" }

    private static func escape(for type: String) -> (String) -> String {
        if type.contains("json") { return { String(String(decoding: JSON.serialize(.string($0)), as: UTF8.self).dropFirst().dropLast()) } }
        if type.contains("form-urlencoded") { return \.percentEncodedForURL }
        return { $0 }
    }
}

extension String {
    /// For a part of a URL or a form.
    var percentEncodedForURL: String {
        utf8.reduce(into: "") { text, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: text.append(Character(UnicodeScalar(byte)))
            default: text += "%" + Hex.encode([byte]).uppercased()
            }
        }
    }
}
