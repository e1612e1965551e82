import Core
import Platform
import Storage
import Synchronization
import Testing

@Suite struct AuthenticationTests {
    @Test func `a token opens its own tenant and no other`() throws {
        let house = try TestHouse()
        let user = try house.user("esi", roles: ["cashier"])
        let secret = try house.token(user.id).secret
        let principal = try house.principal(secret)
        #expect(principal.userID == user.id)
        #expect(principal.username == "esi")
        #expect(principal.roles == ["cashier"])
        #expect(principal.may("branches.view"))
        #expect(!principal.may("users.view"))
        #expect(code { try house.principal(secret, at: house.globex) } == "auth.invalid")
        #expect(code { try house.session(secret) } == "auth.invalid")
        #expect(code { try house.principal("nonsense-nonsense-nonsense") } == "auth.invalid")
        #expect(code { try house.principal("") } == "auth.invalid")
    }

    @Test func `only the hash of a secret is stored`() throws {
        let house = try TestHouse()
        let user = try house.user("esi")
        let secret = try house.token(user.id).secret
        let session = try house.signIn("esi").secret
        for text in [secret, session, TestHouse.password] {
            #expect(try !house.fileContains(Array(text.utf8)))
        }
        #expect(try house.fileContains(Digest.sha256(secret)))
    }

    @Test func `a revoked token is refused with the next request`() throws {
        let house = try TestHouse()
        let user = try house.user("esi")
        let made = try house.token(user.id)
        _ = try house.principal(made.secret)
        let admin = try house.admin()
        #expect(try house.call(.post, "/api/tokens/\(made.token.id)/revoke", as: admin).status == 200)
        #expect(code { try house.principal(made.secret) } == "auth.invalid")
    }

    @Test func `threads that must not wait get what is known only`() throws {
        let house = try TestHouse()
        let made = try house.token(try house.user("esi").id)
        func known() throws -> Principal? { try Authentication.known(.token(made.secret), at: house.acme, now: house.now) }
        #expect(try known() == nil)
        _ = try house.principal(made.secret)
        #expect(try known()?.username == "esi")
        _ = try house.call(.post, "/api/tokens/\(made.token.id)/revoke", as: try house.admin())
        #expect(try known() == nil)
        let again = try house.token(made.token.userID)
        _ = try house.principal(again.secret)
        house.advance(seconds: 90 * 86_400)
        #expect(code { try Authentication.known(.token(again.secret), at: house.acme, now: house.now) } == "auth.expired")
        #expect(code { try Authentication.known(.token("short"), at: house.acme, now: house.now) } == "auth.invalid")
    }

    @Test func `a leaver's sessions and tokens end at once`() throws {
        let house = try TestHouse()
        let user = try house.user("esi")
        let token = try house.token(user.id).secret
        let session = try house.signIn("esi").secret
        _ = try house.principal(token)
        _ = try house.session(session)
        let admin = try house.admin()
        _ = try house.call(.post, "/api/users/\(user.id)/deactivate", as: admin)
        #expect(code { try house.principal(token) } == "auth.invalid")
        #expect(code { try house.session(session) } == "auth.invalid")
        #expect(code { try house.signIn("esi") } == "auth.failed")
        _ = try house.call(.post, "/api/users/\(user.id)/activate", as: admin)
        #expect(try house.principal(token).userID == user.id)
        #expect(code { try house.session(session) } == "auth.invalid")
    }

    @Test func `tokens live ninety days by default and 366 at most`() throws {
        let house = try TestHouse()
        let user = try house.user("esi")
        let usual = try house.token(user.id)
        #expect(usual.token.expiresAt == "2026-04-05T09:00:00.000Z")
        let limit = house.now.adding(seconds: 366 * 86_400)
        _ = try house.token(user.id, expiresAt: limit)
        #expect(code { try house.token(user.id, expiresAt: limit.adding(milliseconds: 1)) } == "token.expiry_invalid")
        #expect(code { try house.token(user.id, expiresAt: house.now) } == "token.expiry_invalid")
        house.advance(seconds: 90 * 86_400 - 1)
        _ = try house.principal(usual.secret)
        house.advance(seconds: 1)
        #expect(code { try house.principal(usual.secret) } == "auth.expired")
        #expect(code { try house.principal(usual.secret) } == "auth.expired")
    }

    @Test func `a token may do what both it and its user may`() throws {
        let house = try TestHouse()
        let manager = try house.user("kofi", roles: ["manager"])
        let narrow = try house.principal(try house.token(manager.id, scopes: ["ledger.view", "ledger.lock_period"]).secret)
        #expect(narrow.permissions == ["ledger.view"])
        let admin = try #require(try house.acme.store.read { db in try Users.find(db, username: "admin") })
        let limited = try house.principal(try house.token(admin.id, scopes: ["ledger.view"]).secret)
        #expect(limited.permissions == ["ledger.view"])
        let whole = try house.principal(try house.token(admin.id).secret)
        #expect(whole.may("anything.at_all"))
    }

    @Test func `a session rests thirty minutes and lives twelve hours`() throws {
        let house = try TestHouse()
        try house.user("esi")
        let idle = try house.signIn("esi").secret
        house.advance(seconds: 30 * 60)
        _ = try house.session(idle)
        house.advance(seconds: 30 * 60)
        _ = try house.session(idle)
        house.advance(seconds: 30 * 60 + 1)
        #expect(code { try house.session(idle) } == "auth.expired")
        let busy = try house.signIn("esi").secret
        for _ in 0..<(12 * 60 / 20) - 1 {
            house.advance(seconds: 20 * 60)
            _ = try house.session(busy)
        }
        house.advance(seconds: 20 * 60)
        #expect(code { try house.session(busy) } == "auth.expired")
    }

    @Test func `a session in use is not idle after the cache was dropped`() throws {
        let house = try TestHouse()
        try house.user("esi")
        let secret = try house.signIn("esi").secret
        for _ in 0..<3 {
            house.advance(seconds: 25 * 60)
            _ = try house.session(secret)
            // The time of use is written behind the answer; the lane is done with it after this.
            _ = try house.acme.store.write { _ in 0 }
            try house.acme.store.whileClosed("test") { house.instance.sweepIdle() }
        }
    }

    @Test func `a role's new permission reaches its holders with their next request`() throws {
        let house = try TestHouse()
        let user = try house.user("esi", roles: ["cashier"])
        let secret = try house.token(user.id).secret
        #expect(try !house.principal(secret).may("ledger.post"))
        let admin = try house.admin()
        let role = try #require(try house.acme.store.read { db in try Roles.find(db, name: "cashier") })
        _ = try house.call(
            .patch, "/api/roles/\(role.id)", as: admin, ["permissions": ["branches.view", "ledger.post"]])
        #expect(try house.principal(secret).may("ledger.post"))
        let row = try #require(try house.audit().first { $0["action"] == "role.permissions_changed" })
        #expect(row["before"]?["permissions"] == ["branches.view"])
        #expect(row["after"]?["permissions"] == ["branches.view", "ledger.post"])
        #expect(row["actor"] == "admin")
    }

    @Test func `one person's denial wins over roles, also over everything`() throws {
        let house = try TestHouse()
        let user = try house.user("yaw", roles: ["admin"])
        let secret = try house.token(user.id).secret
        #expect(try house.principal(secret).may("ledger.lock_period"))
        let admin = try house.admin()
        _ = try house.call(
            .put, "/api/users/\(user.id)/permissions", as: admin, ["granted": [], "denied": ["ledger.lock_period"]])
        let principal = try house.principal(secret)
        #expect(!principal.may("ledger.lock_period"))
        #expect(principal.may("ledger.reopen_period"))
        let scoped = try house.principal(try house.token(user.id, scopes: ["ledger.lock_period", "ledger.view"]).secret)
        #expect(scoped.permissions == ["ledger.view"])
    }

    @Test func `members see their branches, and an inactive branch is nobody's`() throws {
        let house = try TestHouse()
        let admin = try house.admin()
        let accra = try house.call(.post, "/api/branches", as: admin, ["code": "ACC-01", "name": "Accra"]).json["id"]?.int ?? 0
        let tema = try house.call(.post, "/api/branches", as: admin, ["code": "TEM-02", "name": "Tema"]).json["id"]?.int ?? 0
        let user = try house.user("esi", roles: ["manager"], branches: [tema])
        let secret = try house.token(user.id).secret
        let principal = try house.principal(secret)
        #expect(principal.branchIDs == [tema])
        #expect(throws: Never.self) { try Authorization.requireMembership(principal, branch: tema) }
        #expect(code { try Authorization.requireMembership(principal, branch: accra) } == "auth.not_member")
        #expect(code { try house.call(.get, "/api/branches/\(accra)", as: principal) } == "branch.not_found")
        #expect(try house.call(.get, "/api/branches", as: principal).json["items"]?.array?.map { $0["code"] } == ["TEM-02"])
        _ = try house.call(.patch, "/api/branches/\(tema)", as: admin, ["status": "inactive"])
        #expect(try house.principal(secret).branchIDs == [])
        #expect(try house.admin().branchIDs == nil)
    }

    /// Readers hammer the cache while a writer revokes: from the answered revocation on, nobody gets in.
    @Test func `nobody gets in after a revocation was answered, whatever runs beside it`() async throws {
        let house = try TestHouse()
        let user = try house.user("esi")
        let admin = try house.admin()
        for _ in 0..<20 {
            let made = try house.token(user.id)
            _ = try house.principal(made.secret)
            let race = Race()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<300 {
                            let wasRevoked = race.isRevoked
                            if (try? house.principal(made.secret)) != nil, wasRevoked { race.noteLate() }
                        }
                    }
                }
                group.addTask {
                    _ = try? house.call(.post, "/api/tokens/\(made.token.id)/revoke", as: admin)
                    race.noteRevoked()
                }
            }
            #expect(race.isRevoked)
            #expect(race.late == 0)
            #expect(code { try house.principal(made.secret) } == "auth.invalid")
        }
    }

    @Test func `the time of use is stored coarsely`() throws {
        let house = try TestHouse()
        let user = try house.user("esi")
        let made = try house.token(user.id)
        func lastUsed() throws -> String? {
            // Behind what was queued before.
            try house.acme.store.write { db in try Tokens.get(db, made.token.id).lastUsedAt }
        }
        #expect(try lastUsed() == nil)
        _ = try house.principal(made.secret)
        #expect(try lastUsed() == TestHouse.start)
        house.advance(seconds: 599)
        _ = try house.principal(made.secret)
        #expect(try lastUsed() == TestHouse.start)
        house.advance(seconds: 1)
        _ = try house.principal(made.secret)
        #expect(try lastUsed() == "2026-01-05T09:10:00.000Z")
    }
}

/// What the threads of a race tell each other.
private final class Race: Sendable {
    private let state = Mutex((isRevoked: false, late: 0))
    var isRevoked: Bool { state.withLock { $0.isRevoked } }
    var late: Int { state.withLock { $0.late } }
    func noteRevoked() { state.withLock { $0.isRevoked = true } }
    func noteLate() { state.withLock { $0.late += 1 } }
}
