import Core

enum TokenVerbs {
    static let all = [
        Verb("token list", "", "List the tokens of a business; the secrets are not kept", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let tokens = try api.all("/api/tokens", at: place)
            var table = Table(("ID", .right), ("USER", .left), ("NAME", .left), ("EXPIRES", .left), ("LAST USED", .left), ("REVOKED", .left))
            for token in tokens {
                table.add(
                    token.text("id"), token.text("username"), token.text("name"), token.text("expires_at"),
                    token.text("last_used_at"), token.text("revoked_at"))
            }
            invocation.answer(["items": .array(tokens)]) { table.text }
            return .done
        },
        Verb(
            "token create", "USERNAME", "Make a token for a program; it is shown once",
            options: [
                .tenant, Option("name", "NAME", "What it is for"), Option("days", "N", "How long it lasts (1 to 366, else 90)"),
                Option("requests-per-minute", "N", "Its own rate limit"),
                Option("scope", "PERMISSION", "Only this permission of the user's; may be repeated"),
            ]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let arguments = invocation.arguments
            let username = try arguments.word(0, "USERNAME")
            var body: Object = [
                "user_id": try api.user(username, at: place)["id"] ?? .null, "name": .string(arguments["name"] ?? "command line"),
            ]
            if let days = try arguments.integer("days", in: 1...366) {
                body["expires_at"] = .string(SystemClock().now().adding(seconds: Int64(days) * 86_400).description)
            }
            if let rate = try arguments.integer("requests-per-minute", in: 1...1_000_000) {
                body["requests_per_minute"] = .int(Int64(rate))
            }
            let scopes = arguments.all("scope")
            if !scopes.isEmpty { body["scopes"] = .array(scopes.map { .string($0) }) }
            let token = try api.ask("POST", "/api/tokens", .object(body), at: place)
            invocation.answer(token) { token.text("token") }
            return .done
        },
        Verb("token revoke", "ID", "Refuse a token from now on", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let id = try invocation.arguments.word(0, "ID")
            let answer = try api.ask("POST", "/api/tokens/\(id.percentEncoded)/revoke", [:], at: place)
            invocation.answer(answer) { "revoked" }
            return .done
        },
    ]
}
