import Core
import Platform
import Storage
import Testing

@Suite struct RightsTests {
    @Test func `every endpoint names who may call it, and each permission is in the catalogue`() {
        let catalogue = PermissionCatalogue()
        var open: [String] = []
        for endpoint in IdentityEndpoints.all {
            switch endpoint.access {
            case .anyone: open.append("\(endpoint.method.rawValue) \(endpoint.path)")
            case .permission(let name): #expect(catalogue.contains(name), "\(endpoint.path): \(name)")
            case .signedIn: #expect(endpoint.documentation.tag == "Session", "\(endpoint.path)")
            case .operator: Issue.record("\(endpoint.path) is no tenant's")
            }
            if endpoint.execution == .write || endpoint.method != .get {
                #expect(endpoint.method != .get, "\(endpoint.path) writes on GET")
            }
        }
        #expect(open == ["POST /login", "POST /api/set-password"])
        #expect(Router<Endpoint>(PlatformEndpoints.tenant).conflicts.isEmpty)
    }

    @Test func `the catalogue has each name once, and ready-made roles use only its names`() throws {
        let names = PermissionCatalogue.kernel.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy(Permission.isWellFormed))
        let house = try TestHouse()
        let roles = try house.acme.store.read { db in try Roles.list(db, limit: 100) }
        let used = Set(roles.flatMap(\.permissions)).subtracting([PermissionCatalogue.everything])
        #expect(used.isSubset(of: names))
        let accountant = try #require(roles.first { $0.name == "accountant" })
        #expect(accountant.permissions.contains("ledger.close_period"))
        #expect(!accountant.permissions.contains("ledger.approve_close"))
    }

    @Test(arguments: ["admin", "director", "manager", "cashier", "accountant"])
    func `each role reaches exactly the endpoints that its permissions name`(role: String) throws {
        let house = try TestHouse()
        let user = try house.user("esi", roles: [role])
        let principal = try house.principal(try house.token(user.id).secret)
        let held = try #require(try house.acme.store.read { db in try Roles.find(db, name: role) }).permissions
        for endpoint in IdentityEndpoints.all {
            let refusal = code { try Authorization.check(principal, endpoint) }
            if case .permission(let name) = endpoint.access {
                #expect(refusal == (held.contains(name) || held == ["*"] ? nil : "auth.forbidden"), "\(endpoint.path)")
            } else {
                #expect(refusal == nil)
            }
            if endpoint.access != .anyone {
                #expect(code { try Authorization.check(.anonymous, endpoint) } == "auth.required")
            }
        }
    }

    @Test func `a plugin's permissions join the catalogue and do not take the kernel's names`() {
        let catalogue = PermissionCatalogue(plugins: [
            Permission("pos.sell", title: "Sell", origin: "pos"), Permission("users.edit", title: "Mine", origin: "pos"),
        ])
        #expect(catalogue.contains("pos.sell"))
        #expect(catalogue.permissions.filter { $0.name == "users.edit" }.map(\.origin) == ["kernel"])
    }

    @Test func `a plugin's offer adds to roles once, and what an admin took away stays away`() throws {
        let house = try TestHouse()
        let actor = house.actor
        func offer(_ permissions: [String]) throws {
            try house.acme.store.write { db in
                try Roles.offer(
                    db, actor, plugin: "pos", roles: [("cashier", permissions), ("admin", permissions), ("till_lead", ["pos.void"])])
            }
        }
        func permissions(_ name: String) throws -> [String]? {
            let role = try house.acme.store.read { db in try Roles.find(db, name: name) }
            return role?.permissions
        }
        try offer(["pos.sell", "pos.refund"])
        #expect(try permissions("cashier") == ["branches.view", "pos.refund", "pos.sell"])
        #expect(try permissions("admin") == ["*"])
        #expect(try permissions("till_lead") == ["pos.void"])
        let role = try #require(try house.acme.store.read { db in try Roles.find(db, name: "cashier") })
        _ = try house.acme.store.write { db in
            try Roles.change(db, actor, role.id, permissions: ["branches.view", "pos.sell"])
        }
        try offer(["pos.sell", "pos.refund", "pos.park"])
        #expect(try permissions("cashier") == ["branches.view", "pos.park", "pos.sell"])
    }

    @Test func `nobody hands out more than they hold`() throws {
        let house = try TestHouse()
        let director = try house.principal(
            try house.token(try house.user("kofi", roles: ["director"], allBranches: true).id).secret)
        let cashier = try house.user("esi", roles: ["cashier"])
        let admin = try house.acme.store.read { db in try Users.find(db, username: "admin") }?.id ?? 0
        func refused(_ method: Endpoint.Method, _ path: String, _ body: Value = [:]) -> String? {
            code { try house.call(method, path, as: director, body) }
        }
        let exceeds = "auth.exceeds_own_rights"
        #expect(refused(.put, "/api/users/\(cashier.id)/roles", ["roles": ["admin"]]) == exceeds)
        #expect(refused(.put, "/api/users/\(cashier.id)/permissions", ["granted": ["scripts.edit"], "denied": []]) == exceeds)
        #expect(refused(.put, "/api/users/\(admin)/roles", ["roles": ["cashier"]]) == exceeds)
        #expect(refused(.post, "/api/users/\(admin)/invitation") == exceeds)
        #expect(refused(.post, "/api/users/\(admin)/deactivate") == exceeds)
        #expect(refused(.delete, "/api/users/\(admin)/two-factor") == exceeds)
        #expect(refused(.post, "/api/users", ["name": "X", "username": "x", "roles": ["admin"]]) == exceeds)
        #expect(refused(.post, "/api/roles", ["name": "x", "permissions": ["*"]]) == exceeds)
        #expect(refused(.post, "/api/tokens", ["name": "x", "user_id": .int(admin)]) == exceeds)
        #expect(refused(.put, "/api/users/\(cashier.id)/roles", ["roles": ["manager"]]) == nil)
        #expect(try house.acme.store.read { db in try Users.find(db, username: "x") } == nil)
        #expect(try house.acme.store.read { db in try Users.get(db, cashier.id).roles } == ["manager"])
    }

    @Test func `a denial is not undone by the one whom it binds`() throws {
        let house = try TestHouse()
        let kofi = try house.user("kofi", roles: ["director"], allBranches: true)
        let secret = try house.token(kofi.id).secret
        let admin = try house.admin()
        let path = "/api/users/\(kofi.id)/permissions"
        _ = try house.call(.put, path, as: admin, ["granted": [], "denied": ["ledger.lock_period"]])
        #expect(
            code { try house.call(.put, path, as: try house.principal(secret), ["granted": [], "denied": []]) }
                == "auth.exceeds_own_rights")
        #expect(try !house.principal(secret).may("ledger.lock_period"))
    }

    @Test func `a limited token makes no unlimited one`() throws {
        let house = try TestHouse()
        let limited = try house.principal(try house.token(1, scopes: ["tokens.edit"]).secret)
        #expect(code { try house.call(.post, "/api/tokens", as: limited, ["name": "x"]) } == "auth.exceeds_own_rights")
        #expect(
            code { try house.call(.post, "/api/tokens", as: limited, ["name": "x", "scopes": ["ledger.post"]]) }
                == "auth.exceeds_own_rights")
        let made = try house.call(.post, "/api/tokens", as: limited, ["name": "x", "scopes": ["tokens.edit"]]).json
        #expect(made["token"]?.string?.hasPrefix("kt_") == true)
        #expect(try house.principal(made["token"]?.string ?? "").permissions == ["tokens.edit"])
        let listed = try house.call(.get, "/api/tokens", as: limited).json["items"]?.array ?? []
        #expect(listed.allSatisfy { $0["token"] == nil && $0["hash"] == nil })
        let stored = try house.audit().map(\.description).joined()
        #expect(!stored.contains(made["token"]?.string ?? "?"))
    }

    @Test func `somebody bound to one branch lets nobody into another`() throws {
        let house = try TestHouse()
        let admin = try house.admin()
        let one = try house.call(.post, "/api/branches", as: admin, ["code": "ONE", "name": "One"]).json["id"]?.int ?? 0
        let two = try house.call(.post, "/api/branches", as: admin, ["code": "TWO", "name": "Two"]).json["id"]?.int ?? 0
        let bound = try house.principal(try house.token(try house.user("kofi", roles: ["director"], branches: [one]).id).secret)
        func add(_ body: Value) -> String? {
            var body = body.object ?? [:]
            body["name"] = "X"
            return code { try house.call(.post, "/api/users", as: bound, .object(body)) }
        }
        #expect(add(["username": "x1", "branch_ids": [.int(two)]]) == "auth.exceeds_own_rights")
        #expect(add(["username": "x2", "all_branches": true]) == "auth.exceeds_own_rights")
        #expect(add(["username": "x3", "branch_ids": [.int(one)]]) == nil)
        #expect(code { try house.call(.post, "/api/branches", as: bound, ["code": "C", "name": "C"]) } == "auth.exceeds_own_rights")
        #expect(code { try house.call(.post, "/api/tills", as: bound, ["branch_id": .int(two), "code": "T1", "name": "T"]) } == "auth.not_member")
        _ = try house.call(.post, "/api/tills", as: admin, ["branch_id": .int(two), "code": "T1", "name": "T"])
        let own = try house.call(.post, "/api/tills", as: bound, ["branch_id": .int(one), "code": "T1", "name": "T"]).json
        #expect(try house.call(.get, "/api/tills", as: bound).json["items"]?.array?.map { $0["id"] } == [own["id"]])
        #expect(try house.call(.get, "/api/tills", as: admin).json["items"]?.array?.count == 2)
    }

    @Test func `the last administrator stays`() throws {
        let house = try TestHouse()
        let admin = try house.admin()
        #expect(code { try house.call(.post, "/api/users/1/deactivate", as: admin) } == "user.last_admin")
        #expect(code { try house.call(.put, "/api/users/1/roles", as: admin, ["roles": ["cashier"]]) } == "user.last_admin")
        let role = try #require(try house.acme.store.read { db in try Roles.find(db, name: "admin") })
        #expect(
            code { try house.call(.patch, "/api/roles/\(role.id)", as: admin, ["permissions": ["users.view"]]) }
                == "user.last_admin")
        #expect(try house.principal(try house.token(1).secret).may("anything"))
        try house.user("second", roles: ["admin"])
        _ = try house.call(.post, "/api/users/1/deactivate", as: admin)
    }

    @Test func `the explanation names the source, or what is missing`() throws {
        let house = try TestHouse()
        let admin = try house.admin()
        let accra = try house.call(.post, "/api/branches", as: admin, ["code": "ACC-01", "name": "Accra"]).json["id"]?.int ?? 0
        _ = try house.call(.post, "/api/branches", as: admin, ["code": "TEM-02", "name": "Tema"])
        let user = try house.user("esi", roles: ["manager"], branches: [accra])
        func explain(_ permission: String, _ branch: String?) throws -> Value {
            try house.call(
                .get, "/api/access/explain", as: admin,
                query: [("user", "esi"), ("permission", permission)] + (branch.map { [("branch", $0)] } ?? [])
            ).json
        }
        let granted = try explain("ledger.view", "ACC-01")
        #expect(granted["allowed"] == true)
        #expect(granted["granted_by"] == ["role:manager"])
        #expect(granted["membership"] == "active member")
        #expect(granted["missing"] == [])
        let foreign = try explain("ledger.view", "TEM-02")
        #expect(foreign["allowed"] == false)
        #expect(foreign["membership"] == "no member")
        #expect(foreign["missing"] == ["The user is not a member of the branch TEM-02."])
        let lacking = try explain("ledger.post", nil)
        #expect(lacking["allowed"] == false)
        #expect(lacking["missing"] == ["Neither a role nor a grant of the user's own gives ledger.post."])
        _ = try house.call(
            .put, "/api/users/\(user.id)/permissions", as: admin, ["granted": ["ledger.post"], "denied": ["ledger.view"]])
        #expect(try explain("ledger.post", nil)["granted_by"] == ["own grant"])
        #expect(try explain("ledger.view", nil)["denied"] == true)
        #expect(try explain("ledger.view", nil)["allowed"] == false)
        _ = try house.call(.patch, "/api/users/\(user.id)", as: admin, ["branch_ids": []])
        #expect(try explain("ledger.post", "ACC-01")["membership"] == "inactive member")
        let all = try house.call(
            .get, "/api/access/explain", as: admin, query: [("user", "1"), ("permission", "backup.run"), ("branch", "\(accra)")]
        ).json
        #expect(all["granted_by"] == ["role:admin (*)"])
        #expect(all["membership"] == "all branches")
        #expect(
            code { try house.call(.get, "/api/access/explain", as: admin, query: [("user", "nobody"), ("permission", "x")]) }
                == "user.not_found")
    }

    @Test func `a grant of everything to a person is told, and every right tells where it comes from`() throws {
        let house = try TestHouse()
        let esi = try house.user("esi", roles: ["accountant"])
        let admin = try house.admin()
        // The API lets nobody grant it in person any more; who has it from before is told so.
        _ = try house.call(.put, "/api/users/\(esi.id)/permissions", as: admin, ["granted": [], "denied": ["backup.run"]])
        try house.acme.store.write { db in
            try db.run(SQL("INSERT INTO platform_user_permissions (user_id, permission, granted) VALUES (?1, '*', 1)"), esi.id)
        }
        func explain(_ permission: String) throws -> Value {
            try house.call(.get, "/api/access/explain", as: admin, query: [("user", "esi"), ("permission", permission)]).json
        }
        #expect(try explain("users.edit")["granted_by"] == ["own grant (*)"])
        #expect(try explain("users.edit")["allowed"] == true)
        #expect(try explain("backup.run")["allowed"] == false)
        func rights(_ user: String) throws -> [Value] {
            try house.call(.get, "/api/access/rights", as: admin, query: [("user", user)]).json["items"]?.array ?? []
        }
        let own = try rights("esi")
        #expect(own.first { $0["permission"] == "*" }?["granted_by"] == ["own grant"])
        #expect(own.first { $0["permission"] == "backup.run" }?["denied"] == true)
        // What is held by name tells all of its sources.
        let now = try rights("\(esi.id)")
        #expect(now.first { $0["permission"] == "ledger.view" }?["granted_by"] == ["role:accountant", "own grant (*)"], "\(now)")
        #expect(code { try house.call(.get, "/api/access/rights", as: admin, query: [("user", "nobody")]) } == "user.not_found")
    }

    @Test func `the review lists everybody with all that they may do`() throws {
        let house = try TestHouse()
        let esi = try house.user("esi", roles: ["cashier"])
        _ = try house.token(esi.id)
        let admin = try house.admin()
        let rows = try house.call(.get, "/api/access/review", as: admin).json["items"]?.array ?? []
        #expect(rows.map { $0["user"]?["username"] } == ["admin", "esi"])
        #expect(rows.map { $0["permissions"] } == [["*"], ["branches.view"]])
        #expect(rows.map { $0["tokens"] } == [0, 1])
    }

    @Test func `the header that names the acting user must name the one who is signed in`() throws {
        let house = try TestHouse()
        let principal = try house.admin()
        let endpoint = try #require(IdentityEndpoints.all.first { $0.path.description == "/api/branches" })
        let call = Call(
            endpoint: endpoint, instance: house.instance, tenant: house.acme, revision: nil, principal: principal,
            requestID: "r7", remoteAddress: "192.0.2.7", now: house.now)
        for header in [nil, "1", "admin"] {
            #expect(throws: Never.self) { try Authorization.admit(call, actingUser: header) }
        }
        let error = #expect(throws: Problem.self) { try Authorization.admit(call, actingUser: "2") }
        #expect(error?.status == 403)
        #expect(error?.code == "auth.user_mismatch")
        // The note is queued before this write.
        _ = try house.acme.store.write { _ in 0 }
        let row = try #require(try house.audit().first)
        #expect(row["action"] == "auth.user_mismatch")
        #expect(row["object_id"] == "2")
        #expect(row["request_id"] == "r7")
    }

    @Test func `maker and checker differ`() throws {
        let house = try TestHouse()
        let principal = try house.admin()
        #expect(code { try Authorization.requireAnotherPerson(than: principal.userID, principal) } == "auth.same_person")
        #expect(code { try Authorization.requireAnotherPerson(than: principal.userID + 1, principal) } == nil)
    }
}
