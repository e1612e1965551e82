import Core
import Platform

/// The operator's view of tenants: make, list, change, suspend, delete.
enum TenantEndpoints {
    static func make(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        [list, get, create, change, setStatus, delete(application)]
    }

    static let schema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true),
        .init("name", .string(), required: true, example: "Acme Ltd"),
        .init("domain", .string(), required: true, "The main host name.", example: "acme.localhost"),
        .init("status", .string(allowed: TenantFacts.Status.allCases.map(\.rawValue)), required: true),
        .init("subscription_tier", .string(), required: true, example: "standard"),
        .init("currency", .string(), required: true, "Set for life.", example: "GHS"),
        .init("country", .string(), required: true, example: "GH"),
        .init("time_zone", .string(), required: true, example: "Africa/Accra"),
        .init("locale", .string(), required: true, example: "en-GH"),
        .init("created_at", .instant, required: true),
        .init("inactive_since", .nullable(.instant), required: true, example: .null),
        .init("export_until", .nullable(.instant), required: true, "Until when an inactive tenant may be read.", example: .null),
        .init("sandbox", .boolean, required: true, "A place to try things out, nobody's business; for life.", example: .bool(false)),
    ])

    private static let hostName: Schema = .string(minLength: 1, maxLength: 253)

    private static let list = Endpoint(
        .get, "/api/tenants", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "List the tenants", tag: "Tenants", query: Page.parameters,
            replies: [.init(200, "A page of tenants, by id.", Page.schema(of: schema))])
    ) { call in
        let page = try Page(call)
        let after = try page.id()
        let rows = call.instance.directory.all.lazy.filter { $0.id > after }.prefix(page.fetchLimit)
        return page.reply(Array(rows), key: { [.int($0.id)] }, item: { $0.facts.value })
    }

    private static let get = Endpoint(
        .get, "/api/tenants/{id}", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init("Show a tenant", tag: "Tenants", replies: [.init(200, "The tenant.", schema)])
    ) { call in
        Reply(200, try call.instance.directory.tenant(id: try call.id()).facts.value)
    }

    private static let create = Endpoint(
        .post, "/api/tenants", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Make a tenant, in one step that completes or leaves nothing", tag: "Tenants",
            input: .object([
                .init("name", .string(minLength: 1, maxLength: 200), required: true, example: "Acme Ltd"),
                .init("domain", hostName, required: true, example: "acme.localhost"),
                .init("aliases", .array(hostName, maxItems: 20), "Further host names.", example: .array([])),
                .init("currency", .string(minLength: 3, maxLength: 8), required: true, example: "GHS"),
                .init("country", .string(minLength: 2, maxLength: 2), required: true, example: "GH"),
                .init("time_zone", .string(minLength: 1, maxLength: 60), required: true, example: "Africa/Accra"),
                .init("locale", .string(minLength: 2, maxLength: 35), example: "en-GH"),
                .init("subscription_tier", .string(minLength: 1, maxLength: 40), example: "standard"),
                .init("sandbox", .boolean, "Whether it is a place to try things out, for life.", example: .bool(false)),
                .init(
                    "administrator",
                    .object([
                        .init("username", .string(minLength: 1, maxLength: 60), required: true, example: "admin"),
                        .init("name", .string(minLength: 1, maxLength: 200), example: "Ama Mensah"),
                        .init("email", .string(minLength: 3, maxLength: 254), example: "ama@acme.example"),
                        .init("password", .string(minLength: 1, maxLength: 256), "Without it, invite the user afterwards."),
                        .init("must_change_password", .boolean, "At the first log-in; yes unless said otherwise."),
                    ]), "The first user, with the role admin."),
            ]), replies: [.init(201, "The tenant is there.", schema)])
    ) { call in
        var new = NewTenant(
            name: try call.text("name"), domain: try call.text("domain"),
            aliases: (call.body["aliases"]?.array ?? []).compactMap(\.string),
            subscriptionTier: call.body["subscription_tier"]?.string ?? "standard", currency: try call.text("currency"),
            country: try call.text("country"), timeZone: try call.text("time_zone"), locale: call.body["locale"]?.string,
            isSandbox: call.body["sandbox"]?.bool ?? false)
        if let user = call.body["administrator"], let username = user["username"]?.string {
            var hash: String?
            if let password = user["password"]?.string {
                try PasswordPolicy.check(
                    password, username: username, email: user["email"]?.string, field: "administrator.password")
                hash = try call.instance.passwords.hash(password)
            }
            new.administrator = NewUser(
                username: username, name: user["name"]?.string ?? username, email: user["email"]?.string, roles: ["admin"],
                allBranches: true, passwordHash: hash, mustChangePassword: user["must_change_password"]?.bool ?? true)
        }
        let tenant = try call.instance.createTenant(new, actor: call.actingUser)
        return Reply(201, tenant.facts.value, headers: [("Location", "/api/tenants/\(tenant.id)")])
    }

    private static let change = Endpoint(
        .patch, "/api/tenants/{id}", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Change a tenant's facts and host names", tag: "Tenants",
            input: .object([
                .init("name", .string(minLength: 1, maxLength: 200), example: "Acme Ltd"),
                .init("domain", hostName, example: "acme.localhost"),
                .init("aliases", .array(hostName, maxItems: 20), example: .array([])),
                .init("country", .string(minLength: 2, maxLength: 2), example: "GH"),
                .init("time_zone", .string(minLength: 1, maxLength: 60), example: "Africa/Accra"),
                .init("locale", .string(minLength: 2, maxLength: 35), example: "en-GH"),
                .init("subscription_tier", .string(minLength: 1, maxLength: 40), example: "standard"),
                .init("reason", .string(maxLength: 1_000), example: "Moved"),
            ]), replies: [.init(200, "The tenant as it is now.", schema)])
    ) { call in
        let tenant = try call.instance.changeTenant(
            try call.id(), name: call.body["name"]?.string, domain: call.body["domain"]?.string,
            aliases: call.body["aliases"]?.array?.compactMap(\.string),
            subscriptionTier: call.body["subscription_tier"]?.string, country: call.body["country"]?.string,
            timeZone: call.body["time_zone"]?.string, locale: call.body["locale"]?.string, actor: call.actingUser,
            reason: call.body["reason"]?.string ?? "")
        return Reply(200, tenant.facts.value)
    }

    private static let setStatus = Endpoint(
        .post, "/api/tenants/{id}/status", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Suspend a tenant, or activate it again", tag: "Tenants",
            input: .object([
                .init("status", .string(allowed: TenantFacts.Status.allCases.map(\.rawValue)), required: true),
                .init("reason", .string(minLength: 1, maxLength: 1_000), required: true, example: "Unpaid since March"),
            ]), replies: [.init(200, "The tenant as it is now.", schema)])
    ) { call in
        let status = TenantFacts.Status(rawValue: try call.text("status")) ?? .inactive
        let tenant = try call.instance.setStatus(
            ofTenant: try call.id(), status, actor: call.actingUser, reason: try call.text("reason"))
        return Reply(200, tenant.facts.value)
    }

    private static func delete(_ application: @escaping @Sendable () -> Application) -> Endpoint {
        Endpoint(
            .delete, "/api/tenants/{id}", access: .operator, execution: .worker, rateClass: .unlimited,
            documentation: .init(
                "Delete a suspended tenant with all its data", tag: "Tenants",
                input: .object([
                    .init("reason", .string(minLength: 1, maxLength: 1_000), required: true, example: "Asked for erasure"),
                    .init(
                        "domain", hostName, required: true, "The tenant's domain, so that nobody deletes by a slip.",
                        example: "acme.localhost"),
                ]), replies: [.init(204, "It is gone; its domain rests for 90 days.")])
        ) { call in
            let tenant = try call.instance.directory.tenant(id: try call.id())
            guard tenant.domain == (try call.text("domain")) else {
                throw Problem(
                    409, "tenant.domain_differs", "Tenant \(tenant.id) is not served at that domain; nothing was deleted.",
                    field: "domain")
            }
            try application().requestLog.close(tenant)
            try call.instance.deleteTenant(tenant.id, actor: call.actingUser, reason: try call.text("reason"))
            return .noContent
        }
    }
}

extension Call {
    /// A member of the body that the schema requires.
    func text(_ name: String) throws -> String {
        guard let text = body[name]?.string else {
            throw Problem.invalid([.init(field: name, code: "required", message: "is missing")])
        }
        return text
    }
}
