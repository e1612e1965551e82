import Core
import Glibc

/// Settings and secrets, from the command line.
enum SettingsVerbs {
    private static let places = [
        Option("branch", "ID", "For this branch"), Option("till", "ID", "For this till"),
    ]

    static let all = [
        Verb("settings list", "", "List the settings of a business with the values that hold", options: [.tenant] + places) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let query = ["branch", "till"].compactMap { name in invocation.arguments[name].map { "\(name)=\($0.percentEncoded)" } }
            let items = try api.ask("GET", "/api/settings" + (query.isEmpty ? "" : "?" + query.joined(separator: "&")), at: place)["items"]?.array ?? []
            var table = Table(("KEY", .left), ("VALUE", .left), ("FROM", .left), ("TITLE", .left))
            for item in items { table.add(item.text("key"), item.text("value"), item.text("source"), item.text("title")) }
            invocation.answer(["items": .array(items)]) { table.text }
            return .done
        },
        Verb(
            "settings set", "KEY VALUE", "Set a setting; the value null takes it away", options: [.tenant] + places,
            details: "VALUE is JSON, or a text: kontor settings set mail.port 25"
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let key = try invocation.arguments.word(0, "KEY")
            let text = try invocation.arguments.word(1, "VALUE")
            var body: Object = ["values": .object([key: (try? JSON.parse(text)) ?? .string(text)])]
            for name in ["branch", "till"] {
                if let id = try invocation.arguments.integer(name, in: 1...Int.max) { body[name] = .int(Int64(id)) }
            }
            let answer = try api.ask("PUT", "/api/settings", .object(body), at: place)
            invocation.answer(answer) { "\(key) is \(answer["items"]?.array?.first?.text("value") ?? "")" }
            return .done
        },
        Verb("secret list", "", "List the secrets that are asked for, and which are set", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let items = try api.all("/api/secrets", at: place)
            var table = Table(("NAME", .left), ("SET", .left), ("BY", .left))
            for item in items { table.add(item.text("name"), item.text("updated_at"), item.text("updated_by")) }
            invocation.answer(["items": .array(items)]) { table.text }
            return .done
        },
        Verb(
            "secret set", "NAME", "Set a secret: the first line of standard input", options: [.tenant],
            details: "Nobody can read it again. Not an argument, since those are seen by all: kontor secret set mail.password < file"
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let name = try invocation.arguments.word(0, "NAME")
            guard let value = readLine(strippingNewline: true), !value.isEmpty else { throw UsageError("The secret is the first line of standard input, and that is empty") }
            let answer = try api.ask("PUT", "/api/secrets/\(name.percentEncoded)", ["value": .string(value)], at: place)
            invocation.answer(answer) { "\(name) is set" }
            return .done
        },
        Verb("secret remove", "NAME", "Remove a secret", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let name = try invocation.arguments.word(0, "NAME")
            try api.ask("DELETE", "/api/secrets/\(name.percentEncoded)", at: place)
            invocation.answer(["name": .string(name)]) { "\(name) is removed" }
            return .done
        },
    ]
}
