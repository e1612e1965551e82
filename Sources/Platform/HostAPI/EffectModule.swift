import Core
import Scripting

/// `http`, `mail`, `message` and `print`: what leaves the house. Effects are rows of the outbox, written in the transaction
/// that they tell of and delivered after it; only a job's `fetch` asks somebody outside and waits.
enum EffectModule {
    private static let largestBody = 256 << 10
    private static let largestAttachments = 8 << 20

    static let functions: [HostFunction] = [
        HostFunction(
            "http", "request", PhaseSet(.fetch),
            "request{ method =, url =, headers =, body = or json =, timeout = seconds, idempotency_key = }: response { status, headers, body, json }, or nil and an error { code, message, retryable }"
        ) { run, arguments in
            let (request, headers) = try request(run, arguments)
            guard let courier = run.scope.courier else { throw Problem(422, "script.phase", "http.request is for the fetch of a job.") }
            var outbound = request
            outbound.headers = try Courier.headers(headers, plugin: run.package?.name ?? "", Secrets(run.scope.database, run.scope.tenant))
            if let key = try idempotencyKey(arguments) { outbound.headers.append(("Idempotency-Key", key)) }
            do throws(OutboundFailure) {
                let response = try courier.transport.send(outbound)
                var result: Object = ["status": .int(Int64(response.status)), "body": .string(String(decoding: response.body, as: UTF8.self))]
                result["headers"] = .object(Object(response.headers.map { ($0.name, Value.string($0.value)) }))
                let type = response.headers.first { $0.name == "content-type" }?.value ?? ""
                if type.contains("json"), let json = try? JSON.parse(response.body) { result["json"] = json }
                return ["response": .object(result)]
            } catch {
                return ["error": ["kind": "http", "code": .string(error.code), "message": .string(error.message), "retryable": .bool(error.code != "http.blocked")]]
            }
        },
        HostFunction(
            "http", "send", .writing,
            "send{ method =, url =, headers =, body = or json =, key = or idempotency_key = }: sends it after the commit, at least once, with a stable Idempotency-Key; gives the message's id"
        ) { run, arguments in
            let (request, headers) = try request(run, arguments)
            var payload: Object = [
                "method": .string(request.method), "url": .string(request.url), "headers": headers,
                "body": .string(String(decoding: request.body, as: UTF8.self)), "timeout": .int(Int64(request.milliseconds)),
            ]
            if headers == .null { payload["headers"] = .object(Object()) }
            if let key = try idempotencyKey(arguments) { payload["idempotency_key"] = .string(key) }
            return try add(.http, run, arguments, target: "\(request.method) \(request.url)", payload)
        },
        HostFunction(
            "mail", "send", .writing,
            "send{ to = address or addresses, template =, params =, or subject =, text =, html =; reply_to =, attach = { { name =, type =, text = or base64 = }, or { file = id } }, key = }: mails after the commit; gives the messages' ids"
        ) { run, arguments in
            let options = try known(arguments, ["to", "template", "params", "subject", "text", "html", "reply_to", "attach", "key"])
            let content = try content(run, arguments, options, needsSubject: true)
            var payload: Object = ["subject": .string(content.subject), "text": .string(content.text)]
            if let html = content.html { payload["html"] = .string(html) }
            note(options, in: &payload)
            if let reply = options["reply_to"], reply != .null { payload["reply_to"] = .string(try address(reply, arguments)) }
            let attachments = try attachments(options["attach"] ?? .null, run, arguments)
            if !attachments.isEmpty { payload["attachments"] = .array(attachments) }
            let recipients = options["to"]?.items ?? [options["to"] ?? .null]
            guard (1...100).contains(recipients.count) else { throw arguments.wrong(0, "must have 1 to 100 addresses in to") }
            var ids: [Value] = []
            for recipient in recipients {
                let to = try address(recipient, arguments)
                payload["to"] = .string(to)
                ids.append(try add(.mail, run, arguments, target: to, payload, each: recipients.count > 1 ? to : nil))
            }
            return options["to"]?.items == nil ? ids[0] : .array(ids)
        },
        HostFunction(
            "message", "send", .writing,
            "send{ to = number, template =, params =, or text =; key = }: a short message by the tenant's gateway, after the commit; gives its id"
        ) { run, arguments in
            let options = try known(arguments, ["to", "template", "params", "text", "key"])
            guard let to = options["to"]?.string, (3...30).contains(to.utf8.count), to.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || "+-() ".utf8.contains($0) }) else {
                throw arguments.wrong(0, "must have a telephone number in to")
            }
            let content = try content(run, arguments, options, needsSubject: false)
            var payload: Object = ["to": .string(to), "text": .string(content.text)]
            note(options, in: &payload)
            return try add(.message, run, arguments, target: to, payload)
        },
        HostFunction(
            "print", "raw", .writing,
            "raw{ text = or base64 =, till = or branch = id, key = }: sends the bytes to the printer of the till after the commit; gives the message's id"
        ) { run, arguments in
            let options = try known(arguments, ["text", "base64", "till", "branch", "key"])
            var payload = Object()
            for name in ["till", "branch"] {
                guard let id = options[name], id != .null else { continue }
                guard id.int != nil else { throw arguments.wrong(0, "must have the id of a \(name)") }
                payload[name] = id
            }
            if let text = options["base64"]?.string {
                guard Base64.decode(text) != nil else { throw arguments.wrong(0, "must have base64 in base64") }
                payload["base64"] = .string(text)
            } else if let text = options["text"]?.string {
                payload["text"] = .string(text)
            } else {
                throw arguments.wrong(0, "must have a text or base64")
            }
            guard JSON.serialize(.object(payload)).count <= 1 << 20 else { throw arguments.wrong(0, "is more than 1 MiB") }
            let target = payload["till"]?.int.map { "till \($0)" } ?? payload["branch"]?.int.map { "branch \($0)" } ?? "printer"
            return try add(.print, run, arguments, target: target, payload)
        },
    ]

    // MARK: Parts

    private static func known(_ arguments: Arguments, _ names: Set<String>) throws -> Object {
        let options = try arguments.object(0)
        for (name, _) in options where !names.contains(name) {
            throw arguments.wrong(0, "knows \(names.sorted().joined(separator: ", ")), not “\(name)”")
        }
        return options
    }

    private static func add(
        _ kind: OutboxMessage.Kind, _ run: HostRun, _ arguments: Arguments, target: String, _ payload: Object, each: String? = nil
    ) throws -> Value {
        var key: String?
        let options = try arguments.object(0)
        if let given = options["key"] ?? options["idempotency_key"], given != .null {
            guard let text = given.string, (1...200).contains(text.utf8.count) else { throw arguments.wrong(0, "must have a key of 1 to 200 characters") }
            key = each.map { "\(text):\($0)" } ?? text
        }
        try run.scope.countWritten()
        let id = try Outbox(run.scope.database).add(
            kind, plugin: run.package?.name ?? "", target: target, payload: payload, key: key, at: run.scope.now, actor: run.scope.actor)
        run.scope.tenant.wake()
        return .int(id)
    }

    /// The caller's own key: it goes out as it is, and what is sent under it is sent once.
    private static func idempotencyKey(_ arguments: Arguments) throws -> String? {
        let options = try arguments.object(0)
        guard let given = options["idempotency_key"], given != .null else { return nil }
        guard let key = given.string, (1...200).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw arguments.wrong(0, "must have an idempotency_key of 1 to 200 visible ASCII characters")
        }
        guard options["key"] == nil || options["key"] == .null else { throw arguments.wrong(0, "takes key or idempotency_key, not both") }
        return key
    }

    /// The request and its headers, whose secrets are put in when it leaves.
    private static func request(_ run: HostRun, _ arguments: Arguments) throws -> (OutboundRequest, headers: Value) {
        let options = try known(arguments, ["method", "url", "headers", "body", "json", "timeout", "key", "idempotency_key"])
        let method = options["method"]?.string ?? "GET"
        guard HTTPGrant.methods.contains(method) else { throw arguments.wrong(0, "must have one of \(HTTPGrant.methods.joined(separator: ", ")) as its method") }
        let url = try OutboundURL(options["url"]?.string ?? "")
        guard let package = run.package, package.manifest.http.contains(where: { $0.covers(method, url) }) else {
            throw Problem(
                403, "script.capability",
                "\(arguments.function): the plugin \(run.package?.name ?? "(a rule file)") has no capability for \(method) \(url.text). Name it in capabilities.http.")
        }
        var request = OutboundRequest(method: method, url: url.text)
        var headers = options["headers"]?.object ?? Object()
        for (name, value) in headers {
            // A handle is looked at when it is replaced.
            guard value["secret"] == nil else { continue }
            guard let text = value.string else { throw arguments.wrong(0, "must have texts and secret handles as headers") }
            try Courier.check(header: name, text)
        }
        if let json = options["json"], json != .null {
            request.body = JSON.serialize(json)
            if !headers.contains(where: { $0.key.lowercased() == "content-type" }) { headers["Content-Type"] = "application/json" }
        } else if let body = options["body"], body != .null {
            guard let text = body.string else { throw arguments.wrong(0, "must have a text as its body; json takes a table") }
            request.body = Array(text.utf8)
        }
        guard request.body.count <= largestBody else { throw arguments.wrong(0, "has a body of more than 256 KiB") }
        if let timeout = options["timeout"], timeout != .null {
            guard let seconds = timeout.int, (1...60).contains(seconds) else { throw arguments.wrong(0, "must have a timeout from 1 to 60 seconds") }
            request.milliseconds = Int(seconds) * 1000
        }
        return (request, .object(headers))
    }

    private static func content(_ run: HostRun, _ arguments: Arguments, _ options: Object, needsSubject: Bool) throws -> NotificationDeclaration.Content {
        if let name = options["template"], name != .null {
            guard let name = name.string, let plugin = run.package?.name else { throw arguments.wrong(0, "must have a template's name") }
            return try NotificationDeclaration.render(name, options["params"]?.object ?? Object(), plugin: plugin, revision: run.scope.revision)
        }
        guard let text = options["text"]?.string, !needsSubject || options["subject"]?.string != nil else {
            throw arguments.wrong(0, "must have a template, or \(needsSubject ? "a subject and a text" : "a text")")
        }
        return NotificationDeclaration.Content(subject: options["subject"]?.string ?? "", text: text, html: options["html"]?.string)
    }

    /// From which template and what it was made, for those who look at the outbox.
    private static func note(_ options: Object, in payload: inout Object) {
        guard let template = options["template"], template != .null else { return }
        payload["template"] = template
        payload["params"] = options["params"] ?? .object(Object())
    }

    private static func address(_ value: Value, _ arguments: Arguments) throws -> String {
        guard let text = value.string else { throw arguments.wrong(0, "must have mail addresses in to and reply_to") }
        _ = try MailAddress(text)
        return text
    }

    private static func attachments(_ value: Value, _ run: HostRun, _ arguments: Arguments) throws -> [Value] {
        var total = 0
        return try (value.items ?? []).map { item in
            if let id = item["file"]?.int {
                // As it is now: what leaves later is what was meant.
                let files = StoredFiles(run.scope.database)
                try run.scope.countRead()
                guard let file = try files.find(id), try run.maySee(file) else { throw StoredFiles.unknown(id) }
                total += Int(file.size + 2) / 3 * 4
                guard total <= largestAttachments else { throw arguments.wrong(0, "has attachments of more than 6 MiB") }
                let bytes = try files.bytes(of: file, offset: 0, count: file.size)
                return [
                    "name": .string(item["name"]?.string ?? file.name), "type": .string(item["type"]?.string ?? file.mediaType),
                    "base64": .string(Base64.encode(bytes)),
                ]
            }
            guard let name = item["name"]?.string else { throw arguments.wrong(0, "must have attachments with a name") }
            let base64: String
            if let given = item["base64"]?.string {
                guard Base64.decode(given) != nil else { throw arguments.wrong(0, "has an attachment that is no base64") }
                base64 = given
            } else if let text = item["text"]?.string {
                base64 = Base64.encode(Array(text.utf8))
            } else {
                throw arguments.wrong(0, "must have attachments with a text or base64")
            }
            total += base64.utf8.count
            guard total <= largestAttachments else { throw arguments.wrong(0, "has attachments of more than 6 MiB") }
            return ["name": .string(name), "type": .string(item["type"]?.string ?? "application/octet-stream"), "base64": .string(base64)]
        }
    }
}
