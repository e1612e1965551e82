import Core

enum TenantVerbs {
    static let all = [
        Verb("tenant list", "", "List the businesses of this installation") { invocation in
            let list = try invocation.api().all("/api/tenants", at: .operator)
            var table = Table(("ID", .right), ("NAME", .left), ("DOMAIN", .left), ("STATUS", .left), ("CURRENCY", .left), ("TIME ZONE", .left))
            for tenant in list {
                table.add(
                    tenant.text("id"), tenant.text("name"), tenant.text("domain"), tenant.text("status"),
                    tenant.text("currency"), tenant.text("time_zone"))
            }
            invocation.answer(["items": .array(list)]) { table.text }
            return .done
        },
        Verb(
            "tenant create", "DOMAIN", "Make a business, with its own database and book",
            options: [
                Option("name", "NAME", "The business's name"),
                Option("currency", "CODE", "Its currency for ever: GHS, GBP …"),
                Option("country", "CODE", "Its country: GH, GB …"),
                Option("time-zone", "NAME", "Its time zone: Africa/Accra, Europe/London …"),
                Option("locale", "TAG", "Its language and region: en-GH …"),
                Option("tier", "NAME", "Its subscription tier"),
                Option("sandbox", nil, "It is a place to try things out, for life"),
                Option("admin", "USERNAME", "Make this first user, with every permission; prints a link to set the password"),
            ]
        ) { invocation in
            let arguments = invocation.arguments
            var body: Object = [
                "domain": .string(try arguments.word(0, "DOMAIN")), "name": .string(try arguments.required("name")),
                "currency": .string(try arguments.required("currency")), "country": .string(try arguments.required("country")),
                "time_zone": .string(try arguments.required("time-zone")),
            ]
            try arguments.noMoreWords(than: 1)
            if let locale = arguments["locale"] { body["locale"] = .string(locale) }
            if let tier = arguments["tier"] { body["subscription_tier"] = .string(tier) }
            if arguments.has("sandbox") { body["sandbox"] = true }
            if let admin = arguments["admin"] { body["administrator"] = ["username": .string(admin)] }
            let api = try invocation.api(creating: true)
            let tenant = try api.ask("POST", "/api/tenants", .object(body), at: .operator)
            var answer = tenant.object ?? [:]
            if arguments.has("admin") {
                // The first user, whom nobody else can invite.
                let place = API.Place.tenant(tenant.text("domain"))
                let id = try api.all("/api/users", at: place).first?.text("id") ?? ""
                answer["invitation"] = try api.ask("POST", "/api/users/\(id)/invitation", [:], at: place)
            }
            invocation.answer(.object(answer)) {
                let link = answer["invitation"].map { "\n\($0.text("link"))" } ?? ""
                return "made \(tenant.text("name")) (\(tenant.text("id"))) at \(tenant.text("domain"))\(link)"
            }
            return .done
        },
        Verb("tenant show", "ID", "Say what is known about a business") { invocation in
            let api = try invocation.api()
            let tenant = try api.tenant(try invocation.arguments.word(0, "ID"))
            invocation.answer(tenant) { tenant.lines }
            return .done
        },
        status("tenant deactivate", "inactive", "Refuse every request of a business until it is activated"),
        status("tenant activate", "active", "Let an inactive business work again"),
    ]

    private static func status(_ path: String, _ status: String, _ summary: String) -> Verb {
        Verb(path, "ID", summary, options: [Option("reason", "TEXT", "Why, for the record")]) { invocation in
            let api = try invocation.api()
            let id = try api.tenant(try invocation.arguments.word(0, "ID")).text("id")
            let tenant = try api.ask(
                "POST", "/api/tenants/\(id)/status",
                ["status": .string(status), "reason": .string(invocation.arguments["reason"] ?? "by the command line")], at: .operator)
            invocation.answer(tenant) { "\(tenant.text("name")) is \(tenant.text("status"))" }
            return .done
        }
    }
}
