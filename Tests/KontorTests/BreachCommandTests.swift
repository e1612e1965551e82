import Core
import Glibc
import Testing

@testable import kontor

/// `kontor breach`, `freeze` and `thaw` against a server in a process of its own.
@Suite struct BreachCommandTests {
    private func signIn(_ server: RunningServer, _ user: String, _ password: String) throws -> String {
        let domain = try server.demo.tenant("acme").domain
        let answer = try server.anonymous(host: domain).ask("POST", "/login", ["username": .string(user), "password": .string(password)])
        try #require(answer.status == 200, "\(answer.body)")
        return String(try #require(answer.header("set-cookie")?.split(separator: ";").first))
    }

    private func ask(
        _ server: RunningServer, _ method: String, _ path: String, _ body: Value? = nil, cookie: String
    ) throws -> Caller.Answer {
        let domain = try server.demo.tenant("acme").domain
        return try server.anonymous(host: domain).ask(
            method, path, body, headers: [("Cookie", cookie), ("Origin", "http://\(domain)")])
    }

    @Test func `one command puts everybody out and stops all changes, over a restart, until it is thawed`() throws {
        let data = try Kontor.demoData()
        var server = try RunningServer(data.path)
        let admin = try server.demo.tenant("acme").user("admin")
        let cookie = try signIn(server, "admin", admin.password)
        let token = try server.caller()
        #expect(try token.ask("POST", "/api/sales", firstSale).status == 201)
        let done = try Kontor.json("breach", "--tenant", "acme.localhost", "--reason", "laptop stolen", data: data.path)
        #expect(done["sessions_ended"] == 1 && done["cause"] == "breach", "\(done)")
        #expect((done["tokens_revoked"]?.int ?? 0) >= 4)
        #expect(try ask(server, "GET", "/api/session", cookie: cookie).status == 401)
        #expect(try token.get("/api/session").status == 401)
        #expect(try token.ask("POST", "/api/sales", firstSale).status == 401)
        #expect(try server.caller("globex").get("/api/session").status == 200)
        let anew = try signIn(server, "admin", admin.password)
        #expect(try ask(server, "GET", "/api/users", cookie: anew).code == "auth.password_change_required")
        let chosen: Value = ["current_password": .string(admin.password), "new_password": "another good one 7"]
        #expect(try ask(server, "POST", "/api/session/password", chosen, cookie: anew).status == 204)
        #expect(try ask(server, "GET", "/api/users", cookie: anew).status == 200)
        let refused = try ask(server, "POST", "/api/sales", firstSale, cookie: anew)
        #expect(refused.status == 423 && refused.code == "tenant.read_only", "\(refused.body)")
        #expect(refused["reason"] == "laptop stolen")

        server.child.send(SIGKILL)
        server.child.wait()
        server = try RunningServer(data.path)
        #expect(try ask(server, "POST", "/api/sales", firstSale, cookie: anew).status == 423)
        #expect(try Kontor.run("thaw", "--tenant", "acme.localhost", data: data.path).status == 0)
        #expect(try ask(server, "POST", "/api/sales", firstSale, cookie: anew).status == 201)
        #expect(try Kontor.run("thaw", "--tenant", "acme.localhost", data: data.path).status == 1)
        #expect(try Kontor.run("freeze", "--tenant", "acme.localhost", "--reason", "counting", data: data.path).status == 0)
        let again = try ask(server, "POST", "/api/sales", firstSale, cookie: anew)
        #expect(again.status == 423 && again["cause"] == "freeze" && again["by"] == "operator", "\(again.body)")
        #expect(try Kontor.run("freeze", data: data.path).status == 64)
    }
}
