import Core
import Platform
import Storage
import Testing

@Suite struct TwoFactorTests {
    /// RFC 6238, appendix B, SHA-1: eight digits for the secret "12345678901234567890".
    @Test(arguments: [
        (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"), (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
    ] as [(Int64, String)])
    func `codes are those of RFC 6238`(seconds: Int64, expected: String) {
        let step = TOTP.step(at: Instant(milliseconds: seconds * 1000))
        #expect(TOTP.code(secret: Array("12345678901234567890".utf8), step: step, digits: 8) == expected)
    }

    /// RFC 4648, section 10, without padding.
    @Test(arguments: [
        ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI"),
    ])
    func `base 32 is that of RFC 4648`(text: String, expected: String) {
        #expect(TOTP.base32(Array(text.utf8)) == expected)
    }

    @Test func `a code counts for its step and the neighbours, once`() {
        let secret = Array("12345678901234567890".utf8)
        let now = Instant(milliseconds: 1_111_111_111_000)
        let step = TOTP.step(at: now)
        for offset in [-1, 0, 1] as [Int64] {
            let code = TOTP.code(secret: secret, step: step + offset)
            #expect(TOTP.verify(code, secret: secret, at: now, after: 0) == step + offset)
            #expect(TOTP.verify(code, secret: secret, at: now, after: step + offset) == nil)
        }
        for offset in [-2, 2] as [Int64] {
            #expect(TOTP.verify(TOTP.code(secret: secret, step: step + offset), secret: secret, at: now, after: 0) == nil)
        }
        #expect(TOTP.verify("", secret: secret, at: now, after: 0) == nil)
    }

    /// Sets it up for the administrator and returns the secret and the recovery codes.
    private func setUp(_ house: TestHouse) throws -> (secret: [UInt8], codes: [String]) {
        let principal = try house.admin()
        let begun = try house.call(.post, "/api/session/two-factor", as: principal).json
        let text = try #require(begun["secret"]?.string)
        #expect(begun["uri"]?.string == "otpauth://totp/Acme:admin?secret=\(text)&issuer=Acme")
        let secret = try #require(base32(text))
        // Not before it is confirmed.
        _ = try house.signIn("admin")
        #expect(
            code { try house.call(.post, "/api/session/two-factor/confirm", as: principal, ["code": "000000"]) }
                == "two_factor.code_wrong")
        let now = TOTP.code(secret: secret, step: TOTP.step(at: house.now))
        let reply = try house.call(.post, "/api/session/two-factor/confirm", as: principal, ["code": .string(now)]).json
        return (secret, reply["recovery_codes"]?.array?.compactMap(\.string) ?? [])
    }

    private func base32(_ text: String) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        var bits: [UInt8] = []
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            for shift in stride(from: 4, through: 0, by: -1) { bits.append(UInt8(value >> shift & 1)) }
        }
        return stride(from: 0, to: bits.count - 7, by: 8).map { start in bits[start..<start + 8].reduce(0) { $0 << 1 | $1 } }
    }

    @Test func `a log-in asks for the code after the right password, and takes each code once`() throws {
        let house = try TestHouse()
        let secret = try setUp(house).secret
        #expect(code { try house.signIn("admin") } == "auth.code_required")
        #expect(code { try house.signIn("admin", "wrong password") } == "auth.failed")
        let used = TOTP.code(secret: secret, step: TOTP.step(at: house.now))
        #expect(code { try house.signIn("admin", code: used) } == "auth.failed")
        house.advance(seconds: 30)
        let next = TOTP.code(secret: secret, step: TOTP.step(at: house.now))
        _ = try house.signIn("admin", code: next)
        #expect(code { try house.signIn("admin", code: next) } == "auth.failed")
    }

    @Test func `wrong codes lock as wrong passwords do`() throws {
        let house = try TestHouse()
        _ = try setUp(house)
        for _ in 0..<5 { #expect(code { try house.signIn("admin", code: "123456") } == "auth.failed") }
        #expect(code { try house.signIn("admin", code: "123456") } == "auth.locked")
    }

    @Test func `each of ten recovery codes works once`() throws {
        let house = try TestHouse()
        let codes = try setUp(house).codes
        #expect(codes.count == 10)
        #expect(Set(codes).count == 10)
        _ = try house.signIn("admin", code: codes[3].uppercased())
        #expect(code { try house.signIn("admin", code: codes[3]) } == "auth.failed")
        _ = try house.signIn("admin", code: codes[4])
        let row = try #require(try house.audit().first { $0["action"] == "user.recovery_code_used" })
        #expect(row["after"]?["recovery_codes_left"] == 8)
    }

    @Test func `the secret is sealed in the database and belongs to its user`() throws {
        let house = try TestHouse()
        let secret = try setUp(house).secret
        #expect(try !house.fileContains(secret))
        try house.user("esi")
        try house.acme.store.write { db in
            try db.execute(
                script: """
                    UPDATE platform_users SET totp_confirmed = 1, totp_secret =
                      (SELECT totp_secret FROM platform_users WHERE username = 'admin') WHERE username = 'esi'
                    """)
        }
        house.advance(seconds: 60)
        let present = TOTP.code(secret: secret, step: TOTP.step(at: house.now))
        #expect(code { try house.signIn("esi", code: present) } == "crypto.not_authentic")
    }

    @Test func `it is turned off with the password, or by an administrator`() throws {
        let house = try TestHouse()
        let principal = try house.admin()
        _ = try setUp(house)
        #expect(code { try house.call(.post, "/api/session/two-factor", as: principal) } == "two_factor.enabled")
        #expect(
            code { try house.call(.post, "/api/session/two-factor/disable", as: principal, ["password": "x"]) }
                == "password.wrong")
        _ = try house.call(
            .post, "/api/session/two-factor/disable", as: principal, ["password": .string(TestHouse.password)])
        _ = try house.signIn("admin")
        _ = try setUp(house)
        _ = try house.call(.delete, "/api/users/1/two-factor", as: principal)
        _ = try house.signIn("admin")
        #expect(try house.actions().filter { $0.hasPrefix("user.two_factor") }.count == 4)
    }
}
