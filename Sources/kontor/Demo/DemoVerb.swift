import Core
import Platform
import Server

enum DemoVerb {
    static let all = [
        Verb(
            "demo", "", "Make two businesses with data, and serve them",
            options: ServeVerb.options + [Option("prepare", nil, "Make them and end")],
            details: "The data folder is ./demo unless --data or $KONTOR_DATA says otherwise. A second run keeps what is there."
        ) { invocation in
            let data = invocation.data(orElse: "demo")
            let home = try invocation.home()
            if invocation.arguments.has("prepare") {
                let house = try House(data: data, home: home)
                defer { house.close() }
                let facts = try DemoMaker(house, data: data, home: home).make()
                try facts.write(to: data, port: UInt16(try invocation.arguments.integer("port", in: 0...65535) ?? 8080))
                return .done
            }
            var facts = DemoFile()
            let server = try ServingHouse(invocation, data: data) { house in
                facts = try DemoMaker(house, data: data, home: home).make()
            }
            try facts.write(to: data, port: server.port)
            standardOutput(facts.welcome(scheme: server.scheme, port: server.port, data: data))
            server.serveUntilSignal()
            return .done
        }
    ]
}

/// What `demo.json` holds: where the demo is and who may log in.
struct DemoFile {
    var operatorToken = ""
    var tenants: [Tenant] = []

    struct Tenant {
        var id: Int64
        var name: String
        var domain: String
        var users: [User] = []
    }

    struct User {
        var username: String
        var password: String
        var role: String
        var token: String
    }

    static func path(in data: String) -> String { data + "/demo.json" }

    init() {}

    /// - Returns: nil when there is none.
    init?(in data: String) throws {
        guard Files.exists(Self.path(in: data)) else { return nil }
        let value = try JSON.parse(Files.read(Self.path(in: data)))
        operatorToken = value["operator"]?["token"]?.string ?? ""
        tenants = (value["tenants"]?.array ?? []).map { tenant in
            Tenant(
                id: tenant["id"]?.int ?? 0, name: tenant.text("name"), domain: tenant.text("domain"),
                users: (tenant["users"]?.array ?? []).map {
                    User(username: $0.text("username"), password: $0.text("password"), role: $0.text("role"), token: $0.text("token"))
                })
        }
    }

    func write(to data: String, port: UInt16) throws {
        let value: Value = [
            "base_url": .string("http://127.0.0.1:\(port)"),
            "operator": ["token": .string(operatorToken)],
            "tenants": .array(
                tenants.map { tenant in
                    [
                        "id": .int(tenant.id), "name": .string(tenant.name), "domain": .string(tenant.domain),
                        "users": .array(
                            tenant.users.map {
                                [
                                    "username": .string($0.username), "password": .string($0.password), "role": .string($0.role),
                                    "token": .string($0.token),
                                ]
                            }),
                    ]
                }),
        ]
        try Files.writeAtomically(Self.path(in: data), JSON.serialize(value, pretty: true) + [10], mode: 0o600)
    }

    func welcome(scheme: String, port: UInt16, data: String) -> String {
        var text = ""
        for tenant in tenants {
            text += "listening on \(scheme)://\(tenant.domain):\(port)\n"
        }
        for tenant in tenants {
            text += "\n\(tenant.name)\n"
            let width = tenant.users.map(\.username.count).max() ?? 0
            for user in tenant.users {
                text += "  \(user.username)\(String(repeating: " ", count: width - user.username.count))  \(user.password)\n"
            }
        }
        return text + "\nLog-ins and tokens are in \(data)/demo.json. Ctrl-C stops; the data stays.\n"
    }
}
