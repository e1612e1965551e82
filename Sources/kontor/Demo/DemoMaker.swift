import Core
import Platform
import Server

/// Makes the demo's businesses out of their descriptions, which are data: who and where they are, and the requests that fill
/// them. A run that was cut off is finished by the next: each request carries a key of its own.
struct DemoMaker {
    private let house: House
    private let data: String
    private let folder: String
    private static let tenants = ["acme", "globex"]
    /// High enough for any load test.
    private static let requestsPerMinute: Int64 = 1_000_000

    init(_ house: House, data: String, home: String) {
        self.house = house
        self.data = data
        folder = home + "/Plugins/pos/fixtures"
    }

    /// The demo that is there, or a new one.
    func make() throws -> DemoFile {
        if let there = try DemoFile(in: data), !there.tenants.isEmpty { return there }
        var file = DemoFile()
        for name in Self.tenants {
            let description = try JSON.parse(Files.read("\(folder)/\(name).json"))
            file.tenants.append(try make(description))
        }
        let actor = ActingUser.service(at: house.instance.now)
        file.operatorToken = try house.instance.system.createOperator(name: "demo", days: 366, actor: actor).secret
        return file
    }

    private func make(_ description: Value) throws -> DemoFile.Tenant {
        let domain = description["tenant"]?["domain"]?.string ?? ""
        if house.instance.directory.find(host: domain) == nil {
            try ask("POST", "/api/tenants", description["tenant"], at: .operator)
        }
        let tenant = try house.instance.directory.tenant(host: domain)
        let place = API.Place.tenant(domain)
        var made = DemoFile.Tenant(id: tenant.id, name: tenant.name, domain: domain)

        var branches = try items("/api/branches", at: place)
        for branch in description["branches"]?.array ?? [] where !branches.contains(where: { $0["code"] == branch["code"] }) {
            branches.append(try ask("POST", "/api/branches", branch, at: place))
        }
        for plugin in description["plugins"]?.array ?? [] {
            try ask("POST", "/api/plugins", ["name": plugin], at: place, key: "demo-plugin-\(plugin.string ?? "")")
        }
        for user in description["users"]?.array ?? [] {
            made.users.append(try makeUser(user, branches.compactMap { $0["id"]?.int }, at: tenant))
        }
        for (number, request) in (description["requests"]?.array ?? []).enumerated() {
            try ask(
                request.text("method"), request.text("path"), request["body"], at: place, key: "demo-\(number)")
        }
        return made
    }

    /// A user with a password of chance and a token; one that is there gets new ones.
    private func makeUser(_ description: Value, _ branches: [Int64], at tenant: Tenant) throws -> DemoFile.User {
        let username = description.text("username"), role = description.text("role")
        let password = Self.password()
        let hash = try Password.hash(password)
        let actor = ActingUser.service(at: house.instance.now)
        try tenant.identityWillChange()
        let secret = try tenant.store.write { db in
            let user = try Users.find(db, username: username) ?? Users.create(
                db, actor,
                NewUser(
                    username: username, name: description.text("name"), roles: [role], allBranches: role == "admin", branchIDs: branches,
                    passwordHash: hash, mustChangePassword: false))
            return try Tokens.create(
                db, actor, userID: user.id, name: "demo", requestsPerMinute: Self.requestsPerMinute,
                expiresAt: actor.at.adding(seconds: 365 * 86_400)
            ).secret
        }
        return DemoFile.User(username: username, password: password, role: role, token: secret)
    }

    /// Letters and digits that are not mistaken for each other, in groups: about 77 bits.
    private static func password() -> String {
        let letters = Array("abcdefghjkmnpqrstuvwxyz23456789")
        let text = Random.bytes(16).map { letters[Int($0) % letters.count] }
        return stride(from: 0, to: 16, by: 4).map { String(text[$0..<$0 + 4]) }.joined(separator: "-")
    }

    private func items(_ path: String, at place: API.Place) throws -> [Value] {
        try ask("GET", path, nil, at: place)["items"]?.array ?? []
    }

    @discardableResult
    private func ask(_ method: String, _ path: String, _ body: Value?, at place: API.Place, key: String? = nil) throws -> Value {
        let headers = key.map { [("Idempotency-Key", $0)] } ?? []
        let (status, bytes) = try house.perform(method, path, at: place, headers: headers, body: body.map { JSON.serialize($0) } ?? [])
        guard (200..<300).contains(status) else {
            throw Problem.answered(status, bytes, asked: "\(method) \(path)")
        }
        return bytes.isEmpty ? .null : try JSON.parse(bytes)
    }
}
