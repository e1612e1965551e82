import Core
import Glibc
import Testing

@testable import kontor

/// A server in a process of its own, and the ways to ask it.
final class RunningServer {
    let child: Child
    let port: UInt16
    let data: String
    let demo: DemoFacts

    /// Starts `kontor serve` (or `demo`) on a free port and waits until it says where it listens.
    init(_ data: String, verb: String = "serve", home: String = Kontor.home, options: [String] = []) throws {
        let words = [verb, "--data", data, "--home", home, "--port", "0"] + options
        let child = try Child(Kontor.binary, words)
        var said: [String] = []
        var port: UInt16?
        while port == nil, let line = child.line() {
            said.append(line)
            guard line.contains("listening on") else { continue }
            port = line.split(separator: ":").last.flatMap { UInt16($0.prefix { $0.isNumber }) }
        }
        self.child = child
        self.port = try #require(port, "kontor \(verb) did not come up: \(said.joined(separator: "\n")), exit \(child.wait())")
        self.data = data
        demo = try DemoFacts(data)
    }

    deinit {
        child.send(SIGKILL)
        child.wait()
    }

    /// A caller of its own, with a connection of its own.
    func caller(_ tenant: String = "acme", user: String = "admin") throws -> Caller {
        Caller(port: port, host: try demo.tenant(tenant).domain, token: try demo.tenant(tenant).user(user).token)
    }

    func anonymous(host: String) -> Caller {
        Caller(port: port, host: host, token: nil)
    }
}

/// Asks the server as one user.
final class Caller {
    let host: String
    let token: String?
    private let client: HTTPClient

    init(port: UInt16, host: String, token: String?) {
        client = HTTPClient(.loopback(port: port))
        self.host = host
        self.token = token
    }

    struct Answer {
        let status: Int
        let headers: [(name: String, value: String)]
        let bytes: [UInt8]
        /// The body as JSON; null when it is none.
        var body: Value { (try? JSON.parse(bytes, limits: .answer)) ?? .null }
        var code: String? { body["code"]?.string }
        subscript(key: String) -> Value? { body[key] }
        func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    }

    @discardableResult
    func ask(
        _ method: String, _ path: String, _ body: Value? = nil, key: String? = nil, headers more: [(String, String)] = []
    ) throws -> Answer {
        var headers = [("Host", host)] + more
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        if let key { headers.append(("Idempotency-Key", key)) }
        if body != nil { headers.append(("Content-Type", "application/json")) }
        let sent: [UInt8]? = body.map { JSON.serialize($0) } ?? (method == "GET" ? nil : [])
        let answer = try client.send(method, path, headers: headers, body: sent)
        return Answer(status: answer.status, headers: answer.headers, bytes: answer.body)
    }

    func get(_ path: String) throws -> Answer { try ask("GET", path) }

    /// All items of a list, page by page.
    func all(_ path: String) throws -> [Value] {
        var items: [Value] = []
        var cursor: String?
        repeat {
            let join = path.contains("?") ? "&" : "?"
            let answer = try get(path + "\(join)limit=200" + (cursor.map { "&cursor=\($0)" } ?? ""))
            try #require(answer.status == 200, "\(path): \(answer.status) \(String(decoding: answer.bytes, as: UTF8.self))")
            items += try #require(answer["items"]?.array)
            cursor = answer["next_cursor"]?.string
        } while cursor != nil
        return items
    }
}

/// What `demo.json` says.
struct DemoFacts {
    struct Tenant {
        let id: Int64
        let name: String
        let domain: String
        let users: [User]

        func user(_ name: String) throws -> User {
            try #require(users.first { $0.username == name })
        }
    }

    struct User {
        let username: String
        let password: String
        let role: String
        let token: String
    }

    let baseURL: String
    let operatorToken: String
    let tenants: [Tenant]

    init(_ data: String) throws {
        let facts = try JSON.parse(Files.read(data + "/demo.json"))
        baseURL = try #require(facts["base_url"]?.string)
        operatorToken = try #require(facts["operator"]?["token"]?.string)
        tenants = try #require(facts["tenants"]?.array).map { tenant in
            Tenant(
                id: try #require(tenant["id"]?.int), name: try #require(tenant["name"]?.string),
                domain: try #require(tenant["domain"]?.string),
                users: try #require(tenant["users"]?.array).map { user in
                    User(
                        username: try #require(user["username"]?.string), password: try #require(user["password"]?.string),
                        role: try #require(user["role"]?.string), token: try #require(user["token"]?.string))
                })
        }
    }

    /// By the first part of its domain.
    func tenant(_ name: String) throws -> Tenant {
        try #require(tenants.first { $0.domain.hasPrefix(name + ".") })
    }
}

/// The sale of the first page of the README.
let firstSale: Value = .object([
    "branch": "ACC-01", "customer_type": "Walk-in",
    "lines": .array([
        .object(["sku": "RICE-5KG", "quantity": 2]), .object(["sku": "MILK-1L", "quantity": 1]),
    ]),
    "payments": .array([.object(["method": "Cash"])]),
])
