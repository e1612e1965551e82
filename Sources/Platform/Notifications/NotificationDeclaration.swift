import Core

/// A text that a plugin sends to people, as it declares it: `notifications/<name>.lua`. Administrators put a text of their own
/// in its place by a rule file of the contract `template`, with the places that are declared here.
package struct NotificationDeclaration: Sendable {
    package struct Content: Sendable, Equatable {
        package var subject: String
        package var text: String
        package var html: String?
    }

    package let plugin: String
    package let id: String
    package let title: String
    /// What its texts may name in braces.
    package let parameters: [FieldDeclaration]
    package let content: Content

    /// As templates name it: `pos.receipt`.
    package var name: String { "\(plugin).\(id)" }

    package init(_ value: Value, plugin: String, file: String) throws(DeclarationError) {
        let declaration = try Declaration(value, file: file)
        self.plugin = plugin
        id = try declaration.requiredText("id")
        guard FieldDeclaration.isName(id) else { throw declaration.wrong("id", "must be in small letters, digits and underscores") }
        title = try declaration.text("title") ?? id
        parameters = try FieldDeclaration.list(declaration, "params")
        content = Content(subject: try declaration.text("subject") ?? "", text: try declaration.requiredText("text"), html: try declaration.text("html"))
        try declaration.finish()
        if let fault = fault(in: content) { throw declaration.wrong(fault.field, fault.message) }
    }

    /// What is wrong with a text for it; nil when nothing is.
    func fault(in content: Content) -> (field: String, message: String)? {
        let known = parameters.map(\.name)
        for (field, text) in [("subject", content.subject), ("text", content.text), ("html", content.html ?? "")] {
            guard let pieces = Placeholders.pieces(text) else {
                return (field, "has a brace without its other; one that stands for itself is doubled: {{")
            }
            for case .place(let name) in pieces where !known.contains(name) {
                return (field, "names {\(name)}, which \(self.name) does not give; there are \(known.map { "{\($0)}" }.joined(separator: ", "))")
            }
        }
        return nil
    }

    /// The texts of a notification, filled: the tenant's own where it has one, else the declared.
    /// - Parameter name: `receipt` or `pos.receipt`, of the plugin that asks.
    /// - Throws: 422 `template.unknown`, `template.param_missing`.
    static func render(_ name: String, _ params: Object, plugin: String, revision: Revision) throws -> Content {
        guard let notification = revision.plugins.notifications[name] ?? revision.plugins.notifications["\(plugin).\(name)"], notification.plugin == plugin else {
            throw Problem(422, "template.unknown", "The plugin \(plugin) declares no notification “\(name)”.")
        }
        let source = revision.ruleSet(template.id, key: notification.name)?.content.template ?? notification.content
        var values: [String: String] = [:]
        for field in notification.parameters {
            let value = params[field.name] ?? field.fallback ?? .null
            if value == .null, field.required { throw Problem(422, "template.param_missing", "The notification \(notification.name) needs \(field.name).") }
            values[field.name] = text(value)
        }
        func fill(_ text: String, escape: (String) -> String) throws -> String {
            guard let pieces = Placeholders.pieces(text) else { throw Problem(422, "template.broken", "The template of \(notification.name) has a brace without its other.") }
            return try pieces.reduce(into: "") { result, piece in
                switch piece {
                case .text(let text): result += text
                case .place(let name):
                    guard let value = values[name] else {
                        throw Problem(422, "template.param_missing", "The template of \(notification.name) names {\(name)}, which is not given.")
                    }
                    result += escape(value)
                }
            }
        }
        let html = try source.html.map { try fill($0, escape: escapeHTML) }
        return Content(subject: try fill(source.subject) { $0 }, text: try fill(source.text) { $0 }, html: html)
    }

    private static func text(_ value: Value) -> String {
        switch value {
        case .null: ""
        case .string(let text): text
        case .money(let money): money.amountText
        default: String(decoding: JSON.serialize(value), as: UTF8.self).trimmingQuotes
        }
    }

    static func escapeHTML(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    // MARK: The contract of templates

    package static let template = Contract(
        id: "template", title: "Template of a notification", key: "id", fallback: nil,
        fields: [
            field("id", "The notification, with its plugin: pos.receipt.", required: true), field("subject", "Of mails."),
            field("text", "The plain text.", required: true), field("html", "The same as HTML."),
        ])

    private static func field(_ name: String, _ summary: String, required: Bool = false) -> FieldDeclaration {
        var field = FieldDeclaration(name: name, kind: .text)
        field.required = required
        field.summary = summary
        field.maximum = Decimal(100_000)
        return field
    }

    /// - Parameter values: as `Contract.read` gives them.
    static func content(_ values: Object) -> Content {
        Content(subject: values["subject"]?.string ?? "", text: values["text"]?.string ?? "", html: values["html"]?.string)
    }
}

extension String {
    /// Decimals and dates are strings in JSON.
    fileprivate var trimmingQuotes: String {
        count >= 2 && hasPrefix("\"") && hasSuffix("\"") ? String(dropFirst().dropLast()) : self
    }
}
