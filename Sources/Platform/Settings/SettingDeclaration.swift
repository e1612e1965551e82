import Core

/// A setting that a plugin or the kernel declares: its type, its default, and where it may be set.
package struct SettingDeclaration: Sendable {
    package enum Level: String, Sendable, CaseIterable {
        case tenant
        case branch
        case till
    }

    /// As it is stored: `pos.rounding`, `mail.host`.
    package let key: String
    package let field: FieldDeclaration
    package let levels: [Level]

    package init(key: String, field: FieldDeclaration, levels: [Level] = [.tenant]) {
        self.key = key
        self.field = field
        self.levels = levels
    }

    /// Reads `{ key = "rounding", type = "enum", …, scope = { "tenant", "branch" } }` of a manifest.
    init(_ item: Value, plugin: String, file: String, place: String) throws(DeclarationError) {
        guard case .object(var object) = item, let key = object["key"], let type = object["type"] else {
            throw DeclarationError(file: file, field: place, message: "must have a key and a type")
        }
        var levels = [Level.tenant]
        if let scope = object["scope"], scope != .null {
            let words = scope.items ?? [scope]
            levels = words.compactMap { $0.string.flatMap(Level.init) }
            guard levels.count == words.count, !levels.isEmpty else {
                throw DeclarationError(file: file, field: "\(place).scope", message: "must name some of tenant, branch and till")
            }
        }
        object["scope"] = nil
        object["key"] = nil
        object["type"] = nil
        object["1"] = key
        object["2"] = type
        let field = try FieldDeclaration(.object(object), file: file, place: place)
        if field.kind == .file || field.kind == .encrypted {
            throw DeclarationError(file: file, field: "\(place).type", message: "is \(field.kind.rawValue), which only records have; secrets are capabilities.secret")
        }
        self.init(key: "\(plugin).\(field.name)", field: field, levels: levels)
        if let fallback = field.fallback {
            var faults: [Schema.Fault] = []
            _ = field.schema.check(fallback, at: "\(place).default", currency: nil, &faults)
            if field.kind != .money, let fault = faults.first { throw DeclarationError(file: file, field: fault.field, message: fault.message) }
        }
    }
}

/// The kernel's own settings: which taxes serve, and how the tenant's mail, short messages and prints get out.
package enum KernelSettings {
    package static let all: [SettingDeclaration] = [
        make(TaxProfileChoice.setting, .text, "The tax profile that serves, by its id, where the country has several.", levels: [.tenant, .branch]),
        make(StoredFiles.setting, .integer, "How large a file may be, in bytes.", fallback: .int(StoredFiles.usualBytes)) {
            $0.minimum = Decimal(1_024); $0.maximum = Decimal(StoredFiles.mostBytes)
        },
        make(
            RequestRecording.setting, .boolean, "Whether requests of plugins' routes are recorded, so that a change of a plugin can be tried on them.",
            fallback: true),
        make(
            PluginDrafts.setting, .boolean, "Whether drafts of plugins that their publisher's known key did not sign can be installed: for trial businesses.",
            fallback: false),
        make("mail.host", .text, "The mail server's name; no mail goes out without it."),
        make("mail.port", .integer, "Its port.", fallback: 587) { $0.minimum = Decimal(1); $0.maximum = Decimal(65_535) },
        make("mail.tls", .enum, "How the connection is encrypted: starttls (587), implicit (465), none.", fallback: "starttls") {
            $0.values = OutboundMail.Security.allCases.map(\.rawValue)
        },
        make("mail.user", .text, "Whom the server knows; the password is the secret mail.password."),
        make("mail.from", .text, "The sender: Acme <shop@acme.example>."),
        make("mail.reply_to", .text, "Where answers go, if elsewhere."),
        make("message.url", .text, "The gateway for short messages: its URL."),
        make("message.method", .enum, "How it is asked.", fallback: "POST") { $0.values = ["GET", "POST", "PUT"] },
        make("message.content_type", .text, "Of the body.", fallback: "application/json"),
        make(
            "message.body", .text, "The body, with {to}, {text}, {sender} and {key}; in JSON and forms they are escaped as needed.",
            fallback: #"{"to":"{to}","text":"{text}","sender":"{sender}","key":"{key}"}"#),
        make("message.authorization", .text, "The Authorization header, with {secret} for the secret message.token.", fallback: ""),
        make("message.sender", .text, "What {sender} stands for.", fallback: ""),
        make("print.host", .text, "The address of the receipt printer.", levels: [.tenant, .branch, .till]),
        make("print.port", .integer, "Its port for raw data.", levels: [.tenant, .branch, .till], fallback: 9_100) {
            $0.minimum = Decimal(1); $0.maximum = Decimal(65_535)
        },
    ]

    /// What the first part of their keys is; no plugin may be called so.
    package static let names: Set<String> = ["mail", "message", "print", "files", "plugins"]

    private static func make(
        _ key: String, _ kind: FieldDeclaration.Kind, _ summary: String, levels: [SettingDeclaration.Level] = [.tenant], fallback: Value? = nil,
        change: (inout FieldDeclaration) -> Void = { _ in }
    ) -> SettingDeclaration {
        var field = FieldDeclaration(name: key, kind: kind)
        field.summary = summary
        field.fallback = fallback
        change(&field)
        return SettingDeclaration(key: key, field: field, levels: levels)
    }
}

extension SettingDeclaration {
    /// A stored value as scripts get it: amounts as money of the tenant's currency, decimals as decimals.
    func typed(_ value: Value, _ currency: Currency) -> Value {
        switch (field.kind, value) {
        case (.money, .int(let minor)): .money(Money(minor: minor, currency))
        case (.money, .string(let text)): (try? Money.parse(text, currency)).map(Value.money) ?? .null
        case (.decimal, .int(let number)), (.percent, .int(let number)): .decimal(Decimal(number))
        case (.decimal, .string(let text)), (.percent, .string(let text)): (try? Decimal(text)).map(Value.decimal) ?? .null
        default: value
        }
    }
}
