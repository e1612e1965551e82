import Core
import Platform
import Server
import Storage
import Testing

/// The switch that makes a tenant read-only, and the breach drill.
@Suite struct ReadOnlyTests {
    private let note: Value = ["text": "hello"]

    @Test func `a frozen business refuses every change and says who froze it, reads on, and is thawed`() throws {
        let house = try TestHouse()
        let ops = try house.operatorClient()
        let path = "/api/tenants/\(house.acme.id)"
        let client = try house.client()
        let neighbour = try house.client(at: house.globex)
        #expect(try client.post("/api/test/notes", note).status == 201)
        let frozen = try ops.send("PUT", path + "/read-only", ["reason": "stock is wrong"])
        #expect(frozen.status == 200, "\(frozen.text)")
        let refused = try client.post("/api/test/notes", note, headers: [("Idempotency-Key", "k1")])
        #expect(refused.status == 423)
        #expect(refused.code == "tenant.read_only")
        #expect(refused.json["by"] == "ops" || refused.json["by"] == "operator", "\(refused.text)")
        #expect(refused.json["since"] == "2026-01-05T09:00:00.000Z")
        #expect(refused.json["detail"]?.string?.contains("stock is wrong") == true)
        #expect(refused.json["detail"]?.string?.contains("kontor thaw") == true)
        #expect(try client.get("/api/test/notes").json["items"]?.array?.count == 1)
        #expect(try client.get("/api/read-only").json["reason"] == "stock is wrong")
        #expect(try neighbour.post("/api/test/notes", note).status == 201)
        // Every endpoint that changes something is refused, but for those that let people in and out, prove and copy.
        for endpoint in house.application.tenantEndpoints where endpoint.method != .get && endpoint.execution != .read {
            let method = endpoint.method.rawValue
            guard !["/login", "/logout", "/api/set-password", "/api/breach", "/api/read-only", "/api/test/trigger"].contains(endpoint.path.description),
                !endpoint.path.description.hasPrefix("/api/session"), !endpoint.path.description.hasPrefix("/api/users/{id}"),
                !["/api/tokens/{id}/revoke", "/api/security", "/api/ledger/verify", "/api/ledger/checkpoints", "/api/backups",
                    "/api/scripts/{path...}/impact"].contains(endpoint.path.description)
            else { continue }
            let target = endpoint.path.description.replacing("{path...}", with: "x").replacing(/\{[a-z]+\}/, with: "1")
            let answer = house.application.perform(endpoint.method, target, tenant: house.acme)
            // What its schema refuses first never gets to the data either.
            #expect([423, 422, 415].contains(answer.status), "\(method) \(target): \(answer.status)")
        }
        // Idle and woken again: the database knows.
        house.acme.rest()
        #expect(try client.post("/api/test/notes", note).status == 423)
        #expect(try client.post("/api/ledger/verify", [:]).status == 200)
        #expect(try client.post("/api/backups", [:]).status == 201)
        #expect(try house.browser().get("/api/session").status == 200)
        #expect(try ops.send("PUT", path + "/read-only", ["reason": "again"]).json["reason"] == "stock is wrong")

        #expect(try client.send("DELETE", "/api/read-only", ["reason": "counted"]).json["read_only"] == false)
        // A refusal by the freeze is not kept under its key.
        #expect(try client.post("/api/test/notes", note, headers: [("Idempotency-Key", "k1")]).status == 201)
        #expect(try ops.send("DELETE", path + "/read-only", ["reason": "x"]).code == "tenant.not_read_only")
        let actions = try client.get("/api/audit?limit=200").json["items"]?.array?.compactMap { $0["action"]?.string } ?? []
        #expect(actions.count { $0 == "tenant.frozen" } == 1)
        #expect(actions.count { $0 == "tenant.thawed" } == 1)
        let cashier = try { try house.user("kofi", roles: ["cashier"]); return try house.client("kofi") }()
        #expect(try cashier.send("PUT", "/api/read-only", ["reason": "x"]).status == 403)
        #expect(try cashier.post("/api/breach", ["reason": "x"]).status == 403)
    }

    @Test func `what waits in the lane when a business is frozen is not carried out`() throws {
        let house = try TestHouse()
        let client = try house.client()
        try house.acme.loadWritability()
        // The freeze is told before the transaction that stores it: whatever comes behind finds it.
        house.acme.carryReadOnly(ReadOnlyMark(.freeze, since: house.clock.now(), by: "x", reason: "y"))
        let call = Call(
            endpoint: TestEndpoints.all[0], instance: house.instance, tenant: house.acme, revision: nil, principal: .local(house.acme),
            requestID: "r", now: house.clock.now())
        #expect(throws: Problem.self) { try call.requireServed() }
        #expect(try client.get("/api/test/notes").json["items"]?.array == [])
    }

    @Test func `after a breach no session, token or link opens the business, everybody chooses a password, and nothing is changed`() throws {
        let house = try TestHouse()
        let ops = try house.operatorClient()
        let kofi = try house.user("kofi", roles: ["manager"])
        let browser = try house.browser()
        let token = try house.client("kofi")
        let neighbour = try house.client(at: house.globex)
        let link = try browser.post("/api/users/\(kofi)/invitation", [:])
        let secret = try #require(link.json["link"]?.string?.split(separator: "/").last.map(String.init))
        let done = try ops.post("/api/tenants/\(house.acme.id)/breach", ["reason": "laptop stolen"])
        #expect(done.status == 200, "\(done.text)")
        #expect(done.json["cause"] == "breach")
        #expect(done.json["sessions_ended"] == 1)
        #expect(done.json["tokens_revoked"] == 1)
        #expect(done.json["links_cancelled"] == 1)
        #expect(done.json["users_to_change_password"] == 2)
        #expect(try browser.get("/api/session").status == 401)
        #expect(try token.get("/api/users").status == 401)
        let spent = try house.anonymous().post("/api/set-password", ["token": .string(secret), "password": "another good one 7"])
        #expect(spent.status >= 400, "\(spent.text)")
        #expect(try neighbour.get("/api/users").status == 200)
        // Who signs in anew has to choose a password before anything else, and then reads.
        let anew = try house.browser()
        #expect(try anew.get("/api/users").code == "auth.password_change_required")
        let changed = try anew.post(
            "/api/session/password", ["current_password": .string(TestHouse.password), "new_password": "another good one 7"])
        #expect(changed.status == 204, "\(changed.text)")
        #expect(try anew.get("/api/users").status == 200)
        let refused = try anew.post("/api/test/notes", note)
        #expect(refused.status == 423)
        #expect(refused.json["cause"] == "breach")
        #expect(try anew.send("DELETE", "/api/read-only", ["reason": "over"]).status == 200)
        #expect(try anew.post("/api/test/notes", note).status == 201)
        let audited = try anew.get("/api/audit?limit=200").json["items"]?.array ?? []
        #expect(audited.contains { $0["action"] == "tenant.breach_declared" && $0["reason"] == "laptop stolen" })
    }
}
