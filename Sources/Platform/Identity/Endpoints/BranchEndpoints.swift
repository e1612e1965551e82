import Core
import Storage

/// The tenant's branches. A caller sees those of which they are a member.
enum BranchEndpoints {
    static let all = [list, get, create, change]

    private static let text = Schema.string(maxLength: 500)

    private static let branch = Schema.object([
        .init("id", .integer(minimum: 1), required: true),
        .init("code", .string(), required: true, example: "ACC-01"),
        .init("name", .string(), required: true, example: "Accra Main"),
        .init("business_type", .string(), required: true, "Chooses rule sets.", example: "clothing"),
        .init("address", .string(), required: true),
        .init("phone", .string(), required: true),
        .init("email", .string(), required: true),
        .init("status", IdentitySchemas.status, required: true),
        .init("version", .integer(), required: true),
        .init("created_at", .instant, required: true),
        .init("updated_at", .instant, required: true),
    ])

    private static let list = Endpoint(
        .get, "/api/branches", access: .permission("branches.view"), execution: .read,
        documentation: .init(
            "List the branches of which you are a member", tag: "Branches", query: Page.parameters,
            replies: [.init(200, "By id.", Page.schema(of: branch))])
    ) { call in
        let page = try Page(call)
        let branches = try Branches.list(
            call.database, after: try page.id(), among: call.principal.branchIDs, limit: page.fetchLimit)
        return page.reply(branches, key: { [.int($0.id)] }, item: \.value)
    }

    private static let get = Endpoint(
        .get, "/api/branches/{id}", access: .permission("branches.view"), execution: .read,
        documentation: .init(
            "Show a branch", tag: "Branches", pathParameters: [IdentitySchemas.id],
            replies: [.init(200, "The branch.", branch)])
    ) { call in reply(200, try visible(call, try call.id())) }

    private static let create = Endpoint(
        .post, "/api/branches", access: .permission("branches.edit"), execution: .write,
        documentation: .init(
            "Add a branch", tag: "Branches",
            input: .object([
                .init("code", .string(minLength: 1, maxLength: 20), required: true, example: "TEM-02"),
                .init("name", IdentitySchemas.name, required: true, example: "Tema Branch"),
                .init("business_type", .string(maxLength: 40)), .init("address", text), .init("phone", text),
                .init("email", text), .init("status", IdentitySchemas.status),
            ]),
            replies: [.init(201, "The branch.", branch)])
    ) { call in
        try call.principal.requireMembership(all: true, of: [])
        let body = call.body
        let made = try Branches.create(
            call.database, call.actingUser, code: body["code"]?.string ?? "", name: body["name"]?.string ?? "",
            businessType: body["business_type"]?.string ?? "", address: body["address"]?.string ?? "",
            phone: body["phone"]?.string ?? "", email: body["email"]?.string ?? "",
            isActive: body["status"]?.string != "inactive")
        var reply = reply(201, made)
        reply.headers.append(("Location", "/api/branches/\(made.id)"))
        return reply
    }

    private static let change = Endpoint(
        .patch, "/api/branches/{id}", access: .permission("branches.edit"), execution: .write,
        documentation: .init(
            "Change a branch; its code stays, as documents carry it", tag: "Branches", pathParameters: [IdentitySchemas.id],
            input: .object([
                .init("name", IdentitySchemas.name), .init("business_type", .string(maxLength: 40)), .init("address", text),
                .init("phone", text), .init("email", text), .init("status", IdentitySchemas.status),
            ]),
            replies: [.init(200, "The branch.", branch)])
    ) { call in
        let branch = try visible(call, try call.id())
        try call.requireMatch(version: branch.version)
        // An inactive branch takes its members' access away.
        try call.requireTenant().identityWillChange()
        let body = call.body
        return reply(
            200,
            try Branches.change(
                call.database, call.actingUser, branch.id, name: body["name"]?.string,
                businessType: body["business_type"]?.string, address: body["address"]?.string, phone: body["phone"]?.string,
                email: body["email"]?.string, isActive: body["status"]?.string.map { $0 == "active" }))
    }

    /// - Throws: 404 `branch.not_found`, also for a branch that is none of the caller's business.
    static func visible(_ call: Call, _ id: Int64) throws -> Branch {
        let branch = try Branches.get(call.database, id)
        guard call.principal.isMember(of: id) else { throw Branches.notFound(id) }
        return branch
    }

    private static func reply(_ status: Int, _ branch: Branch) -> Reply {
        Reply(status, branch.value, headers: [EntityTag.header(branch.version)])
    }
}
