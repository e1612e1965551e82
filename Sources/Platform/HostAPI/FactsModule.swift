import Core
import Storage

/// `tenant`, `branch`, `user`: who and where, read-only.
enum FactsModule {
    private static let selectBranchByCode = SQL("SELECT id, code, name, business_type, status FROM platform_branches WHERE code = ?1")
    private static let selectBranch = SQL("SELECT id, code, name, business_type, status FROM platform_branches WHERE id = ?1")
    private static let selectBranches = SQL("SELECT id, code, name, business_type, status FROM platform_branches ORDER BY code")

    private static let selectUser = SQL("SELECT id, username, name FROM platform_users WHERE id = ?1")

    private static func branch(_ row: Row) -> Value {
        [
            "id": .int(row.int(0)), "code": .string(row.text(1)), "name": .string(row.text(2)),
            "business_type": .string(row.optionalText(3) ?? ""), "active": .bool(row.text(4) == "active"),
        ]
    }

    static let functions: [HostFunction] = [
        HostFunction("tenant", "facts", .all, "the tenant's id, name, currency, country, time zone, and whether it is a sandbox") { run, _ in
            let tenant = run.scope.tenant
            return [
                "id": .int(tenant.id), "name": .string(tenant.name), "currency": .string(tenant.currency.code),
                "currency_exponent": .int(Int64(tenant.currency.exponent)), "country": .string(tenant.country),
                "time_zone": .string(tenant.timeZone.name), "sandbox": .bool(tenant.isSandbox),
            ]
        },
        HostFunction("branch", "find", .all, "find(code or id): the branch, or nil") { run, arguments in
            try run.scope.countRead()
            switch arguments[0] {
            case .string(let code): return try run.scope.database.first(selectBranchByCode, code, row: branch) ?? .null
            case .int(let id): return try run.scope.database.first(selectBranch, id, row: branch) ?? .null
            default: throw arguments.wrong(0, "must be a branch's code or id")
            }
        },
        HostFunction("branch", "list", .all, "list(): all branches, by code") { run, _ in
            let rows = try run.scope.database.query(selectBranches, row: branch)
            try run.scope.countRead(rows: rows.count)
            return .array(rows)
        },
        HostFunction("user", "current", .all, "current(): id, username and roles of who makes the request") { run, _ in
            let principal = run.scope.principal
            return [
                "id": .int(principal.userID), "username": .string(principal.username), "roles": .array(principal.roles.map(Value.string)),
            ]
        },
        HostFunction("user", "find", .all, "find(id): id, username and name of a user, or nil") { run, arguments in
            try run.scope.countRead()
            return try run.scope.database.first(selectUser, arguments.integer(0)) { row in
                ["id": .int(row.int(0)), "username": .string(row.text(1)), "name": .string(row.text(2))]
            } ?? .null
        },
        HostFunction("user", "can", .all, "can(permission): whether the user holds it") { run, arguments in
            .bool(run.scope.principal.may(try arguments.text(0)))
        },
        HostFunction("user", "has_role", .all, "has_role(name)") { run, arguments in
            .bool(run.scope.principal.roles.contains(try arguments.text(0)))
        },
        HostFunction("user", "is_member", .all, "is_member(branch id): whether the user works there") { run, arguments in
            .bool(run.scope.principal.isMember(of: try arguments.integer(0)))
        },
    ]
}
