import Core
import Platform
import Storage
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false), ("192.0.2.0/24", "192.0.2.255", true),
        ("192.0.2.0/24", "192.0.3.0", false), ("10.0.0.0/9", "10.127.255.255", true), ("10.0.0.0/9", "10.128.0.0", false),
        ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false), ("192.0.2.0/24", "::ffff:192.0.2.9", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false), ("::/0", "10.0.0.1", true),
        ("2001:db8::1", "2001:DB8:0:0::1", true), ("192.0.2.0/24", "not an address", false), ("192.0.2.0/24", "", false),
    ])
    func `a range has its addresses and no others`(range: String, address: String, expected: Bool) throws {
        #expect(try AddressRange(range).contains(address) == expected)
    }

    @Test(arguments: ["", "192.0.2", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/024", "::/129", "a/b/c", "host.test"])
    func `what is no range is refused`(text: String) {
        #expect(code { try AddressRange(text) } == "security.address_invalid")
    }

    @Test func `administrators come from listed addresses only, everybody else from anywhere`() throws {
        let house = try TestHouse()
        let cashier = try house.user("esi", roles: ["cashier"])
        let cashierToken = try house.token(cashier.id).secret
        let session = try house.signIn("admin").secret
        func put(_ addresses: Value) throws -> Reply {
            try house.call(.put, "/api/security", as: try house.session(session), ["admin_addresses": addresses])
        }
        #expect(code { try put(["198.51.100.0/24"]) } == "security.would_lock_out")
        #expect(code { try put(["192.0.2.0/24", "nonsense"]) } == "security.address_invalid")
        #expect(try put(["192.0.2.0/24"]).json["admin_addresses"] == ["192.0.2.0/24"])

        let admin = try house.session(session)
        #expect(try house.call(.get, "/api/users", as: admin).status == 200)
        #expect(code { try house.call(.get, "/api/users", as: admin, from: "198.51.100.1") } == "auth.address_not_allowed")
        #expect(code { try house.signIn("admin", from: "198.51.100.1") } == "auth.address_not_allowed")
        let other = try house.principal(cashierToken)
        #expect(try house.call(.get, "/api/branches", as: other, from: "198.51.100.1").status == 200)
        _ = try house.signIn("esi", from: "198.51.100.1")
        // A narrow token of an administrator is an administrator's.
        let token = try house.principal(try house.token(1, scopes: ["branches.view"]).secret)
        #expect(code { try house.call(.get, "/api/branches", as: token, from: "198.51.100.1") } == "auth.address_not_allowed")

        #expect(try put([]).json["admin_addresses"] == [])
        #expect(try house.call(.get, "/api/users", as: try house.session(session), from: "198.51.100.1").status == 200)
        #expect(try house.actions().filter { $0 == "setting.changed" }.count == 2)
    }
}
