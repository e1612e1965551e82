import Core
import Platform
import Server
import Testing

@Suite struct OperatorTests {
    @Test func `a tenant is made, shown, changed, suspended and deleted`() throws {
        let house = try TestHouse()
        let ops = try house.operatorClient()
        let body: Value = [
            "name": "Initech", "domain": "initech.localhost", "currency": "USD", "country": "US", "time_zone": "America/New_York",
            "administrator": ["username": "bill", "password": .string(TestHouse.password), "must_change_password": false],
        ]
        let made = try ops.post("/api/tenants", body)
        #expect(made.status == 201, "\(made.text)")
        let id = try #require(made.json["id"]?.int)
        #expect(try ops.post("/api/tenants", body).code == "tenant.domain_taken")
        #expect(try ops.get("/api/tenants/\(id)").json["name"] == "Initech")
        #expect(try ops.get("/api/tenants?limit=2").json["next_cursor"]?.string != nil)
        // it is served at once
        let tenant = try house.instance.directory.tenant(id: id)
        let bill = try house.browser("bill", at: tenant)
        #expect(try bill.get("/api/session").status == 200)
        let changed = try ops.send("PATCH", "/api/tenants/\(id)", ["name": "Initech Inc", "domain": "initech.example"])
        #expect(changed.json["domain"] == "initech.example", "\(changed.text)")
        #expect(try bill.get("/api/session").status == 404, "its former host name is nobody's")
        #expect(try ops.send("DELETE", "/api/tenants/\(id)", ["reason": "gone", "domain": "initech.example"]).code == "tenant.still_active")
        _ = try ops.post("/api/tenants/\(id)/status", ["status": "inactive", "reason": "gone"])
        #expect(try ops.send("DELETE", "/api/tenants/\(id)", ["reason": "gone", "domain": "acme.localhost"]).status == 409)
        #expect(try ops.send("DELETE", "/api/tenants/\(id)", ["reason": "gone", "domain": "initech.example"]).status == 204)
        #expect(try ops.get("/api/tenants/\(id)").status == 404)
        #expect(!Files.exists("\(house.folder)/tenants/\(id)"))
    }

    @Test func `an operator's token is made, used and revoked`() throws {
        let house = try TestHouse()
        let ops = try house.operatorClient()
        let made = try ops.post("/api/operators", ["name": "second", "days": 30])
        #expect(made.status == 201)
        let second = WebClient(port: house.port, host: "localhost", token: made.json["token"]?.string)
        #expect(try second.get("/api/tenants").status == 200)
        let id = try #require(made.json["operator"]?["id"]?.int)
        #expect(try ops.send("DELETE", "/api/operators/\(id)").status == 200)
        #expect(try second.get("/api/tenants").status == 401)
        #expect(try ops.get("/api/operators").json["items"]?.array?.count == 2)
        #expect(try ops.post("/api/operators", ["name": "third", "days": 367]).status == 422)
    }
}
