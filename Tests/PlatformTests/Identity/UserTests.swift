import Core
import Platform
import Storage
import Testing

@Suite struct UserTests {
    @Test func `users are added, listed in pages, changed and shown`() throws {
        let house = try TestHouse()
        let admin = try house.admin()
        for number in 1...4 {
            let reply = try house.call(
                .post, "/api/users", as: admin,
                ["username": .string("user\(number)"), "name": .string("User \(number)"), "roles": ["cashier"], "password": "a-good-phrase"])
            #expect(reply.status == 201)
            #expect(reply.headers.contains { $0 == ("Location", "/api/users/\(number + 1)") })
        }
        var names: [String] = []
        var cursor: String?
        repeat {
            let page = try house.call(
                .get, "/api/users", as: admin, query: [("limit", "2")] + (cursor.map { [("cursor", $0)] } ?? [])
            ).json
            #expect(page["items"]?.array?.count ?? 9 <= 2)
            names += page["items"]?.array?.compactMap { $0["username"]?.string } ?? []
            cursor = page["next_cursor"]?.string
        } while cursor != nil
        #expect(names == ["admin", "user1", "user2", "user3", "user4"])
        let cashiers = try house.call(.get, "/api/users", as: admin, query: [("role", "cashier")]).json["items"]?.array
        #expect(cashiers?.count == 4)

        let changed = try house.call(.patch, "/api/users/2", as: admin, ["name": "Renamed", "email": "One@Acme.test", "phone": "+233 20"])
        #expect(changed.json["name"] == "Renamed")
        #expect(changed.json["email"] == "one@acme.test")
        #expect(changed.json["phone"] == "+233 20")
        #expect(changed.headers.contains { $0 == ("ETag", "\"2\"") })
        let row = try #require(try house.audit().first { $0["action"] == "user.changed" })
        #expect(row["before"]?["name"] == "User 1")
        #expect(row["after"]?["name"] == "Renamed")
        #expect(row["after"]?["username"] == nil)
        let cleared = try house.call(.patch, "/api/users/2", as: admin, ["email": .null])
        #expect(cleared.json["email"] == .null)
        #expect(cleared.json["name"] == "Renamed")
    }

    @Test func `a change on top of what was not seen is refused`() throws {
        let house = try TestHouse()
        let admin = try house.admin()
        let user = try house.user("esi")
        _ = try house.call(.patch, "/api/users/\(user.id)", as: admin, ["name": "A"], ifMatch: "\"1\"")
        #expect(
            code { try house.call(.patch, "/api/users/\(user.id)", as: admin, ["name": "B"], ifMatch: "\"1\"") }
                == "request.version_mismatch")
        #expect(try house.call(.get, "/api/users/\(user.id)", as: admin).json["name"] == "A")
        _ = try house.call(.patch, "/api/users/\(user.id)", as: admin, ["name": "C"], ifMatch: "*")
    }

    @Test(arguments: [
        (["name": "X", "username": "esi"], "user.username_taken"), (["name": "X", "username": "ESI"], "user.username_taken"),
        (["name": "X", "username": "two words"], "user.username_invalid"), (["name": "X"], "user.username_invalid"),
        (["name": "X", "username": "x", "email": "no address"], "user.email_invalid"),
        (["name": "X", "username": "x", "email": "ADA@acme.localhost.test"], "user.email_taken"),
        (["name": "X", "username": "x", "roles": ["king"]], "role.not_found"),
        (["name": "X", "username": "x", "branch_ids": [9]], "branch.not_found"),
        (["name": "X", "username": "x", "password": "short"], "password.too_short"),
        (["username": "x"], "request.invalid"), (["name": "X", "username": "x", "admin": true], "request.invalid"),
    ] as [(Value, String)])
    func `what does not fit is refused and leaves no user`(body: Value, expected: String) throws {
        let house = try TestHouse()
        try house.user("esi")
        let admin = try house.admin()
        #expect(code { try house.call(.post, "/api/users", as: admin, body) } == expected)
        #expect(try house.call(.get, "/api/users", as: admin).json["items"]?.array?.count == 2)
    }

    @Test func `roles are added, changed, and removed once nobody holds them`() throws {
        let house = try TestHouse()
        let admin = try house.admin()
        let role = try house.call(
            .post, "/api/roles", as: admin, ["name": "stock_keeper", "title": "Stock keeper", "permissions": ["ledger.view"]]).json
        let path = "/api/roles/\(role["id"]?.int ?? 0)"
        #expect(code { try house.call(.post, "/api/roles", as: admin, ["name": "stock_keeper"]) } == "role.name_taken")
        #expect(code { try house.call(.post, "/api/roles", as: admin, ["name": "Stock Keeper"]) } == "role.name_invalid")
        #expect(
            code { try house.call(.post, "/api/roles", as: admin, ["name": "x", "permissions": ["make.coffee"]]) }
                == "permission.unknown")
        let user = try house.user("esi", roles: ["stock_keeper"])
        #expect(code { try house.call(.delete, path, as: admin) } == "role.in_use")
        _ = try house.call(.put, "/api/users/\(user.id)/roles", as: admin, ["roles": ["cashier"]])
        #expect(try house.call(.delete, path, as: admin).status == 204)
        #expect(code { try house.call(.get, path, as: admin) } == "role.not_found")
        #expect(try house.actions().suffix(3) == ["user.created", "user.roles_changed", "role.deleted"])
    }

    @Test func `a user's permissions show what they come to`() throws {
        let house = try TestHouse()
        let admin = try house.admin()
        let user = try house.user("esi", roles: ["cashier"])
        let reply = try house.call(
            .put, "/api/users/\(user.id)/permissions", as: admin,
            ["granted": ["ledger.view", "ledger.view"], "denied": ["branches.view"]]).json
        #expect(reply == ["roles": ["cashier"], "granted": ["ledger.view"], "denied": ["branches.view"], "effective": ["ledger.view"]])
        #expect(try house.call(.get, "/api/users/\(user.id)/permissions", as: admin).json == reply)
        let row = try #require(try house.audit().first { $0["action"] == "user.permissions_changed" })
        #expect(row["before"] == ["granted": [], "denied": []])
        #expect(row["after"] == ["granted": ["ledger.view"], "denied": ["branches.view"]])
        func refused(_ body: Value) -> String? {
            code { try house.call(.put, "/api/users/\(user.id)/permissions", as: admin, body) }
        }
        #expect(refused(["granted": ["*"], "denied": []]) == "permission.not_grantable")
        #expect(refused(["granted": ["ledger.view"], "denied": ["ledger.view"]]) == "permission.contradiction")
        #expect(refused(["granted": ["make.coffee"], "denied": []]) == "permission.unknown")
    }

    @Test func `branches and tills keep their codes, and say what is wrong`() throws {
        let house = try TestHouse()
        let admin = try house.admin()
        let body: Value = [
            "code": "ACC-01", "name": "Accra Main", "business_type": "clothing", "address": "1 High St", "phone": "+233",
            "email": "a@b.test",
        ]
        let branch = try house.call(.post, "/api/branches", as: admin, body).json
        #expect(branch["business_type"] == "clothing")
        #expect(code { try house.call(.post, "/api/branches", as: admin, body) } == "branch.code_taken")
        #expect(code { try house.call(.post, "/api/branches", as: admin, ["code": "acc", "name": "X"]) } == "branch.code_invalid")
        #expect(code { try house.call(.patch, "/api/branches/1", as: admin, ["code": "NEW"]) } == "request.invalid")
        let till = try house.call(.post, "/api/tills", as: admin, ["branch_id": 1, "code": "T1", "name": "Front"]).json
        #expect(till["branch_id"] == 1)
        #expect(code { try house.call(.post, "/api/tills", as: admin, ["branch_id": 1, "code": "T1", "name": "X"]) } == "till.code_taken")
        #expect(code { try house.call(.post, "/api/tills", as: admin, ["branch_id": 7, "code": "T1", "name": "X"]) } == "branch.not_found")
        #expect(try house.call(.patch, "/api/tills/1", as: admin, ["status": "inactive"]).json["status"] == "inactive")
        #expect(try house.actions().suffix(3) == ["branch.created", "till.created", "till.changed"])
    }

    @Test func `what one tenant adds the other does not have`() throws {
        let house = try TestHouse()
        try house.user("esi", roles: ["cashier"])
        let there = try house.admin(at: house.globex)
        let users = try house.call(.get, "/api/users", as: there, at: house.globex).json["items"]?.array
        #expect(users?.map { $0["username"] } == ["admin"])
        #expect(code { try house.signIn("esi", at: house.globex) } == "auth.failed")
        #expect(code { try house.call(.get, "/api/users/2", as: there, at: house.globex) } == "user.not_found")
        #expect(code { try house.call(.get, "/api/users/02", as: there, at: house.globex) } == "request.not_found")
    }
}
