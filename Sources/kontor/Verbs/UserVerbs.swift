import Core

enum UserVerbs {
    static let all = [
        Verb("user list", "", "List the users of a business", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let users = try api.all("/api/users", at: place)
            var table = Table(("ID", .right), ("USERNAME", .left), ("NAME", .left), ("STATUS", .left), ("ROLES", .left))
            for user in users {
                table.add(user.text("id"), user.text("username"), user.text("name"), user.text("status"), user.text("roles"))
            }
            invocation.answer(["items": .array(users)]) { table.text }
            return .done
        },
        Verb(
            "user create", "USERNAME", "Make a user; prints a link to set the password",
            options: [
                .tenant, Option("name", "NAME", "The person's name"), Option("email", "ADDRESS", "Where to reach the person"),
                Option("role", "NAME", "A role to give; may be repeated"),
            ]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let username = try invocation.arguments.word(0, "USERNAME")
            var body: Object = [
                "username": .string(username), "name": .string(invocation.arguments["name"] ?? username),
                "roles": .array(invocation.arguments.all("role").map { .string($0) }), "all_branches": true,
            ]
            if let email = invocation.arguments["email"] { body["email"] = .string(email) }
            let user = try api.ask("POST", "/api/users", .object(body), at: place)
            invocation.answer(user) { "made \(username) (\(user.text("id")))\n\(user["invitation"]?.text("link") ?? "")" }
            return .done
        },
        verb("user deactivate", "deactivate", "Refuse a user from now on, and end all sessions and tokens"),
        verb("user activate", "activate", "Let a user in again"),
        verb("user unlock", "unlock", "Let a user in who was locked out by wrong passwords"),
        verb("user invite", "invitation", "Print a one-time link by which a user sets a new password"),
    ]

    private static func verb(_ path: String, _ action: String, _ summary: String) -> Verb {
        Verb(path, "USERNAME", summary, options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let username = try invocation.arguments.word(0, "USERNAME")
            let user = try api.user(username, at: place)
            let answer = try api.ask("POST", "/api/users/\(user.text("id"))/\(action)", [:], at: place)
            invocation.answer(answer) { answer["link"]?.string ?? "done" }
            return .done
        }
    }
}
