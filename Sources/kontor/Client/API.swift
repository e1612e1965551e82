import Core
import Platform
import Server

/// The API of an installation: asked over the socket of the server that holds the data folder, else in this process.
final class API {
    /// Whose API is meant.
    enum Place {
        case `operator`
        /// A business, by its domain.
        case tenant(String)
    }

    private enum Channel {
        case socket(HTTPClient)
        case process(House)
    }

    private let channel: Channel

    /// Whether a server holds the data folder.
    var isServed: Bool {
        if case .socket = channel { true } else { false }
    }

    /// - Throws: `storage.…` when the data folder cannot be opened, `server.unreachable` when its holder does not answer.
    init(data: String, home: String, creating: Bool = false) throws {
        guard creating || Files.isDirectory(data) else {
            throw Problem(404, "data.not_found", "There is no data folder at \(data): name one with --data, or make it by kontor serve.")
        }
        if let house = try House.openIfFree(data: data, home: home) {
            channel = .process(house)
        } else {
            channel = .socket(HTTPClient(.socket(path: data + "/kontor.sock")))
        }
    }

    /// Where no server does it, does what is due in this process.
    /// - Returns: whether it did.
    func settle() -> Bool {
        guard case .process(let house) = channel else { return false }
        house.instance.scheduler.settle()
        return true
    }

    /// Asks one thing.
    ///
    /// - Returns: the answer's JSON, or null when it has none.
    /// - Throws: `Problem` for every answer that is not 2xx.
    @discardableResult
    func ask(
        _ method: String, _ path: String, _ body: Value? = nil, at place: Place, headers: [(String, String)] = []
    ) throws -> Value {
        let bytes = try send(method, path, body.map { (JSON.serialize($0), "application/json") }, at: place, headers: headers)
        return bytes.isEmpty ? .null : try JSON.parse(bytes, limits: .answer)
    }

    /// Asks one thing and returns the answer's bytes, or passes them to `sink` as they come.
    @discardableResult
    func send(
        _ method: String, _ path: String, _ body: (bytes: [UInt8], type: String)? = nil, at place: Place,
        headers: [(String, String)] = [], sink: (([UInt8]) -> Void)? = nil
    ) throws -> [UInt8] {
        let host = switch place {
        case .operator: "localhost"
        case .tenant(let domain): domain
        }
        var headers = [("Host", host)] + headers
        if let body { headers.append(("Content-Type", body.type)) }
        let (status, bytes): (Int, [UInt8])
        switch channel {
        case .socket(let client):
            let sent = body?.bytes ?? (method == "GET" ? nil : [])
            let answer = try client.send(method, path, headers: headers, body: sent, sink: sink)
            (status, bytes) = (answer.status, answer.body)
        case .process(let house):
            (status, bytes) = try house.perform(method, path, at: place, headers: headers, body: body?.bytes ?? [])
            if let sink, (200..<300).contains(status) { sink(bytes) }
        }
        guard (200..<300).contains(status) else { throw Problem.answered(status, bytes, asked: "\(method) \(path)") }
        return bytes
    }

    /// All items of a list, page by page.
    func all(_ path: String, at place: Place) throws -> [Value] {
        var items: [Value] = []
        var cursor: String?
        repeat {
            let join = path.contains("?") ? "&" : "?"
            let page = try ask("GET", path + "\(join)limit=200" + (cursor.map { "&cursor=\($0.percentEncoded)" } ?? ""), at: place)
            items += page["items"]?.array ?? []
            cursor = page["next_cursor"]?.string
        } while cursor != nil
        return items
    }

    /// The business that an id or a domain names.
    func tenant(_ name: String) throws -> Value {
        let tenants = try all("/api/tenants", at: .operator)
        guard let found = tenants.first(where: { $0.text("id") == name || $0["domain"]?.string == name }) else {
            throw Problem(404, "tenant.not_found", "There is no business “\(name)”: kontor tenant list names all.")
        }
        return found
    }
}

extension API {
    func user(_ username: String, at place: Place) throws -> Value {
        guard let user = try all("/api/users", at: place).first(where: { $0["username"]?.string == username }) else {
            throw Problem(404, "user.not_found", "There is no user “\(username)”: kontor user list names all.")
        }
        return user
    }
}

extension Problem {
    private static let standard: Set<String> = ["type", "title", "status", "code", "detail", "field", "instance", "request_id"]

    /// What an answer that is not 2xx says.
    static func answered(_ status: Int, _ bytes: [UInt8], asked: String) -> Problem {
        guard let answer = try? JSON.parse(bytes, limits: .answer), let code = answer["code"]?.string else {
            return Problem(status, "http.\(status)", "\(asked) was answered \(status).")
        }
        // Beyond what every refusal has: its field errors, failed tests, findings.
        let extra = (answer.object ?? Object()).filter { !Self.standard.contains($0.key) }.map { ($0.key, $0.value) }
        return Problem(status, code, answer["detail"]?.string ?? "Refused.", field: answer["field"]?.string, extra: extra)
    }
}

extension Invocation {
    /// - Parameter creating: whether a data folder that is not there is made.
    func api(creating: Bool = false) throws -> API {
        try API(data: data(), home: home(), creating: creating)
    }

    /// The API, and the business that `--tenant` names (or the only one).
    func tenantAPI() throws -> (api: API, place: API.Place) {
        let api = try api()
        if let name = arguments["tenant"] {
            return (api, .tenant(try api.tenant(name).text("domain")))
        }
        let tenants = try api.all("/api/tenants", at: .operator)
        guard tenants.count == 1 else {
            throw UsageError("--tenant is missing, and there are \(tenants.count) businesses")
        }
        return (api, .tenant(tenants[0].text("domain")))
    }
}

extension JSONLimits {
    /// What we take from our own server: it may be long.
    static let answer = JSONLimits(depth: 64, nodes: 10_000_000)
}

extension String {
    /// For a path segment or a value of a query.
    var percentEncoded: String {
        var text = ""
        for byte in utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: text.append(Character(UnicodeScalar(byte)))
            default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }
}

extension Value {
    /// An object as lines of `key  value`.
    var lines: String {
        guard let object else { return text }
        let width = object.keys.map(\.count).max() ?? 0
        return object.keys.map { $0 + String(repeating: " ", count: width - $0.count + 2) + text($0) + "\n" }.joined()
    }

    private var text: String { String(decoding: JSON.serialize(self), as: UTF8.self) }
}
