import Core
import Storage

/// The tills of the caller's branches.
enum TillEndpoints {
    static let all = [list, get, create, change]

    private static let till = Schema.object([
        .init("id", .integer(minimum: 1), required: true),
        .init("branch_id", .integer(minimum: 1), required: true),
        .init("code", .string(), required: true, example: "T1"),
        .init("name", .string(), required: true, example: "Front till"),
        .init("status", IdentitySchemas.status, required: true),
        .init("version", .integer(), required: true),
        .init("created_at", .instant, required: true),
        .init("updated_at", .instant, required: true),
    ])

    private static let list = Endpoint(
        .get, "/api/tills", access: .permission("branches.view"), execution: .read,
        documentation: .init(
            "List tills", tag: "Branches",
            query: [.init("branch_id", .integer(minimum: 1), "Only this branch's.")] + Page.parameters,
            replies: [.init(200, "By id.", Page.schema(of: till))])
    ) { call in
        let page = try Page(call)
        let tills = try Tills.list(
            call.database, after: try page.id(), branchID: try call.queryID("branch_id"), among: call.principal.branchIDs,
            limit: page.fetchLimit)
        return page.reply(tills, key: { [.int($0.id)] }, item: \.value)
    }

    private static let get = Endpoint(
        .get, "/api/tills/{id}", access: .permission("branches.view"), execution: .read,
        documentation: .init(
            "Show a till", tag: "Branches", pathParameters: [IdentitySchemas.id], replies: [.init(200, "The till.", till)])
    ) { call in reply(200, try visible(call)) }

    private static let create = Endpoint(
        .post, "/api/tills", access: .permission("branches.edit"), execution: .write,
        documentation: .init(
            "Add a till", tag: "Branches",
            input: .object([
                .init("branch_id", .integer(minimum: 1), required: true),
                .init("code", .string(minLength: 1, maxLength: 20), required: true, example: "T1"),
                .init("name", IdentitySchemas.name, required: true, example: "Front till"),
            ]),
            replies: [.init(201, "The till.", till)])
    ) { call in
        let branchID = call.body["branch_id"]?.int ?? 0
        try Authorization.requireMembership(call.principal, branch: branchID)
        let made = try Tills.create(
            call.database, call.actingUser, branchID: branchID, code: call.body["code"]?.string ?? "",
            name: call.body["name"]?.string ?? "")
        var reply = reply(201, made)
        reply.headers.append(("Location", "/api/tills/\(made.id)"))
        return reply
    }

    private static let change = Endpoint(
        .patch, "/api/tills/{id}", access: .permission("branches.edit"), execution: .write,
        documentation: .init(
            "Change a till", tag: "Branches", pathParameters: [IdentitySchemas.id],
            input: .object([.init("name", IdentitySchemas.name), .init("status", IdentitySchemas.status)]),
            replies: [.init(200, "The till.", till)])
    ) { call in
        let till = try visible(call)
        try call.requireMatch(version: till.version)
        return reply(
            200,
            try Tills.change(
                call.database, call.actingUser, till.id, name: call.body["name"]?.string,
                isActive: call.body["status"]?.string.map { $0 == "active" }))
    }

    private static func visible(_ call: Call) throws -> Till {
        let till = try Tills.get(call.database, try call.id())
        guard call.principal.isMember(of: till.branchID) else { throw Tills.notFound(till.id) }
        return till
    }

    private static func reply(_ status: Int, _ till: Till) -> Reply {
        Reply(status, till.value, headers: [EntityTag.header(till.version)])
    }
}
