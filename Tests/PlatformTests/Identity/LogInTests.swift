import Core
import Platform
import Storage
import Testing

@Suite struct LogInTests {
    @Test func `username or e-mail and password start a session`() throws {
        let house = try TestHouse()
        let success = try house.signIn("ADMIN")
        #expect(success.user.username == "admin")
        #expect(success.expiresAt.description == "2026-01-05T21:00:00.000Z")
        let principal = try house.session(success.secret)
        #expect(principal.may("anything"))
        #expect(try house.signIn("ada@acme.localhost.test").user.username == "admin")
        #expect(try house.call(.get, "/api/users/1", as: principal).json["last_login_at"] == .string(TestHouse.start))
        #expect(try house.actions().filter { $0 == "user.signed_in" }.count == 2)
        #expect(code { try house.session(success.secret, at: house.globex) } == "auth.invalid")
    }

    @Test func `each log-in is a session of its own, and logging out ends that one at once`() throws {
        let house = try TestHouse()
        let first = try house.signIn("admin").secret
        let second = try house.signIn("admin").secret
        #expect(first != second)
        let principal = try house.session(first)
        let reply = try house.call(.post, "/logout", as: principal)
        #expect(reply.status == 204)
        #expect(reply.headers.contains { $0.0 == "Set-Cookie" && $0.1.contains("Max-Age=0") })
        #expect(code { try house.session(first) } == "auth.invalid")
        #expect(try house.session(second).userID == principal.userID)
    }

    @Test func `the endpoint sets the cookie and tells who signed in`() throws {
        let house = try TestHouse()
        let reply = try house.call(
            .post, "/login", as: .anonymous, ["username": "admin", "password": .string(TestHouse.password)])
        #expect(reply.status == 200)
        #expect(reply.json["user"]?["username"] == "admin")
        #expect(reply.json["must_change_password"] == false)
        let cookie = try #require(reply.headers.first { $0.0 == "Set-Cookie" }?.1)
        #expect(cookie.hasSuffix("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"))
        let pair = String(cookie.prefix { $0 != ";" })
        let secret = try #require(SessionCookie.secret(in: "a=b; \(pair)", secure: false))
        let principal = try house.session(secret)
        let session = try house.call(.get, "/api/session", as: principal).json
        #expect(session["user"]?["name"] == "Ada Min")
        #expect(session["tenant"]?["currency"] == "GHS")
        #expect(session["tenant"]?["time_zone"] == "Africa/Accra")
        #expect(session["permissions"] == ["*"])
        #expect(session["credential"] == "session")
        #expect(code { try house.call(.get, "/api/session", as: .anonymous) } == "auth.required")
    }

    @Test(arguments: ["admin", "nobody"])
    func `five failures lock for fifteen minutes, the same for names that nobody has`(name: String) throws {
        let house = try TestHouse()
        for _ in 0..<5 { #expect(code { try house.signIn(name, "wrong password") } == "auth.failed") }
        let locked = #expect(throws: Problem.self) { try house.signIn(name) }
        #expect(locked?.status == 429)
        #expect(locked?.code == "auth.locked")
        #expect(locked?.headers.first?.1 == "900")
        house.advance(seconds: 899)
        #expect(code { try house.signIn(name) } == "auth.locked")
        house.advance(seconds: 1)
        #expect(code { try house.signIn(name) } == (name == "admin" ? nil : "auth.failed"))
    }

    @Test func `a success forgets failures, an administrator ends a lock`() throws {
        let house = try TestHouse()
        let user = try house.user("esi")
        for _ in 0..<4 { _ = code { try house.signIn("esi", "wrong password") } }
        _ = try house.signIn("esi")
        for _ in 0..<4 { _ = code { try house.signIn("esi", "wrong password") } }
        _ = try house.signIn("esi")
        for _ in 0..<5 { _ = code { try house.signIn("esi", "wrong password") } }
        #expect(code { try house.signIn("esi") } == "auth.locked")
        #expect(try house.actions().contains("user.locked"))
        let admin = try house.admin()
        let unlocked = try house.call(.post, "/api/users/\(user.id)/unlock", as: admin).json
        #expect(unlocked["locked_until"] == .null)
        _ = try house.signIn("esi")
    }

    @Test func `failures are in the log of refusals`() throws {
        let house = try TestHouse()
        _ = code { try house.signIn("admin", "wrong password") }
        let rows = try house.acme.store.read { db in try Refusals.list(db, limit: 10) }
        #expect(rows.map { $0["code"] } == ["auth.failed"])
        #expect(rows.first?["actor"] == "admin")
        #expect(rows.first?["remote_address"] == "192.0.2.7")
    }

    @Test func `a name that nobody has is refused on disk too, without the name`() throws {
        let house = try TestHouse()
        _ = code { try house.signIn("my-secret-password", "wrong password") }
        let rows = try house.acme.store.read { db in try Refusals.list(db, limit: 10) }
        #expect(rows.map { $0["code"] } == ["auth.failed"])
        #expect(rows.first?["actor"] == "")
        #expect(rows.first?["remote_address"] == "192.0.2.7")
        #expect(rows.first?["detail"] == "Unknown name.")
    }

    @Test func `a first password must be changed before anything else`() throws {
        let house = try TestHouse()
        let admin = try house.admin()
        let made = try house.call(
            .post, "/api/users", as: admin,
            ["username": "esi", "name": "Esi", "roles": ["manager"], "password": "first-password"])
        #expect(made.status == 201)
        #expect(made.json["must_change_password"] == true)
        let secret = try house.signIn("esi", "first-password").secret
        let principal = try house.session(secret)
        #expect(principal.restriction == .passwordChange)
        #expect(code { try house.call(.get, "/api/users", as: principal) } == "auth.password_change_required")
        #expect(try house.call(.get, "/api/session", as: principal).json["must_change_password"] == true)
        let other = try house.signIn("esi", "first-password").secret
        #expect(
            code {
                try house.call(
                    .post, "/api/session/password", as: principal,
                    ["current_password": "first-password", "new_password": "first-password"])
            } == "password.same")
        let reply = try house.call(
            .post, "/api/session/password", as: principal,
            ["current_password": "first-password", "new_password": "second-password"])
        #expect(reply.status == 204)
        #expect(try house.session(secret).restriction == .none)
        #expect(try house.call(.get, "/api/users", as: try house.session(secret)).status == 200)
        #expect(code { try house.session(other) } == "auth.invalid")
        #expect(code { try house.signIn("esi", "first-password") } == "auth.failed")
    }

    @Test func `guessing the present password in an open session locks too`() throws {
        let house = try TestHouse()
        let principal = try house.admin()
        let guess: Value = ["current_password": "guess-guess", "new_password": "second-password"]
        for _ in 0..<5 {
            #expect(code { try house.call(.post, "/api/session/password", as: principal, guess) } == "password.wrong")
        }
        #expect(code { try house.call(.post, "/api/session/password", as: principal, guess) } == "auth.locked")
    }

    @Test func `a token cannot change a password`() throws {
        let house = try TestHouse()
        let principal = try house.principal(try house.token(1).secret)
        #expect(
            code {
                try house.call(
                    .post, "/api/session/password", as: principal,
                    ["current_password": .string(TestHouse.password), "new_password": "second-password"])
            } == "auth.session_required")
    }

    @Test(arguments: [
        ("short", "password.too_short"), ("password123", "password.too_common"), ("PassWord123", "password.too_common"),
        ("aaaaaaaaaa", "password.too_common"), ("akosua.m@acme.test", "password.like_username"),
        ("akosua.mensah", "password.like_username"), (String(repeating: "long ", count: 52), "password.too_long"),
        ("a decent phrase", nil), ("пароль-не-простой", nil),
    ])
    func `passwords are long enough, not common and not the name`(password: String, expected: String?) {
        #expect(
            code {
                try PasswordPolicy.check(password, username: "akosua.mensah", email: "akosua.m@acme.test")
            } == expected)
    }

    @Test func `an invitation sets the password once and within a day`() throws {
        let house = try TestHouse()
        let admin = try house.admin()
        let made = try house.call(.post, "/api/users", as: admin, ["email": "kwame@acme.test", "name": "Kwame"]).json
        #expect(made["username"] == "kwame")
        #expect(made["has_password"] == false)
        #expect(code { try house.signIn("kwame", "") } == "auth.failed")
        let link = try #require(made["invitation"]?["link"]?.string)
        #expect(link.hasPrefix("http://acme.localhost/set-password#"))
        let secret = String(link.split(separator: "#")[1])
        func use(_ password: String, at tenant: Tenant? = nil) throws -> Reply {
            try house.call(
                .post, "/api/set-password", as: .anonymous, at: tenant, ["token": .string(secret), "password": .string(password)])
        }
        #expect(code { try use("weak") } == "password.too_short")
        #expect(code { try use("kwames-own-phrase", at: house.globex) } == "auth.link_expired")
        #expect(try use("kwames-own-phrase").json["username"] == "kwame")
        #expect(code { try use("another-phrase") } == "auth.link_expired")
        #expect(try house.signIn("kwame", "kwames-own-phrase").user.mustChangePassword == false)
        #expect(try house.actions().contains("user.password_changed"))
    }

    @Test func `a reset link ends after a day, with the next link and with a changed password`() throws {
        let house = try TestHouse()
        let user = try house.user("esi")
        let admin = try house.admin()
        func link() throws -> String {
            let reply = try house.call(.post, "/api/users/\(user.id)/invitation", as: admin).json
            return String(try #require(reply["link"]?.string).split(separator: "#")[1])
        }
        func use(_ secret: String) throws -> Reply {
            try house.call(
                .post, "/api/set-password", as: .anonymous, ["token": .string(secret), "password": "a-new-phrase"])
        }
        let open = try house.signIn("esi").secret
        _ = try house.session(open)
        let first = try link()
        #expect(code { try house.session(open) } == "auth.invalid")
        let second = try link()
        #expect(code { try use(first) } == "auth.link_expired")
        let session = try house.signIn("esi").secret
        #expect(try use(second).status == 200)
        #expect(code { try house.session(session) } == "auth.invalid")
        let third = try link()
        house.advance(seconds: 24 * 3_600)
        #expect(code { try use(third) } == "auth.link_expired")
    }

    @Test func `cookies are told apart from what only looks like them`() {
        #expect(SessionCookie.secret(in: "kontor=abc", secure: false) == "abc")
        #expect(SessionCookie.secret(in: "x=1; kontor=abc; y=2", secure: false) == "abc")
        #expect(SessionCookie.secret(in: "kontor=abc", secure: true) == nil)
        #expect(SessionCookie.secret(in: "__Host-kontor=abc", secure: true) == "abc")
        #expect(SessionCookie.secret(in: "xkontor=abc", secure: false) == nil)
        #expect(SessionCookie.secret(in: "kontor=a; kontor=b", secure: false) == nil)
        #expect(SessionCookie.secret(in: "", secure: false) == nil)
        #expect(SessionCookie.clear(secure: true).1.contains("__Host-kontor=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"))
    }

    @Test(arguments: [
        (Endpoint.Method.get, nil, nil, nil), (.post, "http://acme.test", "application/json", nil),
        (.post, "http://acme.test", nil, nil), (.post, nil, "application/json", "auth.cross_site"),
        (.post, "http://evil.test", "application/json", "auth.cross_site"),
        (.post, "https://acme.test", "application/json", "auth.cross_site"),
        (.post, "http://acme.test.evil.test", "application/json", "auth.cross_site"),
        (.delete, "null", nil, "auth.cross_site"), (.post, "http://acme.test", "text/plain", "request.media_type"),
        (.post, "http://acme.test", "multipart/form-data; boundary=x", "request.media_type"),
        (.patch, "http://acme.test", "application/x-www-form-urlencoded", "request.media_type"),
    ] as [(Endpoint.Method, String?, String?, String?)])
    func `cookie requests that write come from the tenant's own pages`(
        method: Endpoint.Method, origin: String?, type: String?, expected: String?
    ) {
        #expect(
            code {
                try CrossSite.check(method: method, origin: origin, host: "acme.test", contentType: type, secure: false)
            } == expected)
    }
}
