import Core
import Glibc

/// A plain HTTP client over one kept-alive connection to 127.0.0.1, as a browser or a program would be.
final class WebClient {
    struct Answer {
        let status: Int
        /// Names in lower case.
        let headers: [(String, String)]
        let body: [UInt8]

        func header(_ name: String) -> String? { headers.first { $0.0 == name }?.1 }
        var text: String { String(decoding: body, as: UTF8.self) }
        var json: Value { (try? JSON.parse(body, limits: JSONLimits(depth: 32, nodes: 1_000_000))) ?? .null }
        var code: String? { json["code"]?.string }
    }

    private let port: UInt16
    let host: String
    var token: String?
    var cookie: String?
    private var descriptor: Int32 = -1
    private var buffer: [UInt8] = []
    /// What must not end before this client does: the server.
    var keep: AnyObject?

    init(port: UInt16, host: String, token: String? = nil, cookie: String? = nil) {
        self.port = port
        self.host = host
        self.token = token
        self.cookie = cookie
    }

    deinit { disconnect() }

    func disconnect() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        buffer = []
    }

    var origin: String { "http://\(host):\(port)" }

    /// - Parameter host: another Host header than the client's own.
    func send(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8]? = nil, host: String? = nil
    ) throws -> Answer {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(host ?? "\(self.host):\(port)")\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        if let cookie { head += "Cookie: \(cookie)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        head += "\r\n"
        if descriptor < 0 { try connect() }
        try write(Array(head.utf8) + (body ?? []))
        let answer = try read(hasBody: method != "HEAD")
        if answer.header("connection")?.lowercased() == "close" { disconnect() }
        return answer
    }

    func get(_ target: String, headers: [(String, String)] = []) throws -> Answer {
        try send("GET", target, headers: headers)
    }

    /// Sends JSON.
    func send(_ method: String, _ target: String, _ json: Value, key: String? = nil, headers: [(String, String)] = []) throws -> Answer {
        var headers = headers + [("Content-Type", "application/json")]
        if let key { headers.append(("Idempotency-Key", key)) }
        if cookie != nil { headers.append(("Origin", origin)) }
        return try send(method, target, headers: headers, body: JSON.serialize(json))
    }

    func post(_ target: String, _ json: Value, key: String? = nil, headers: [(String, String)] = []) throws -> Answer {
        try send("POST", target, json, key: key, headers: headers)
    }

    // MARK: The connection

    struct Broken: Error {
        let what: String
    }

    private func connect() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw Broken(what: "connect: \(String(cString: strerror(errno)))") }
        // A hang is a failure, not a wait for ever.
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    private func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL)) }
            // A server that has refused already reads no more; its answer is there to be read.
            if count <= 0, errno == EPIPE || errno == ECONNRESET { return }
            guard count > 0 else { throw Broken(what: "send: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    private func fill() throws {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { throw Broken(what: count == 0 ? "closed" : "recv: \(String(cString: strerror(errno)))") }
        buffer += chunk.prefix(count)
    }

    func line() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let line = buffer[..<end]
                buffer.removeFirst(end + 1)
                return String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
            }
            try fill()
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try fill() }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    /// Status and headers; the body is the caller's to read.
    func readHead() throws -> Answer {
        let status = Int(try line().split(separator: " ")[1]) ?? 0
        var headers: [(String, String)] = []
        while true {
            let line = try line()
            if line.isEmpty { break }
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            let value = line[colon...].dropFirst().drop { $0 == " " }
            headers.append((line[..<colon].lowercased(), String(value)))
        }
        return Answer(status: status, headers: headers, body: [])
    }

    private func read(hasBody: Bool) throws -> Answer {
        let head = try readHead()
        if head.status == 100 { return try read(hasBody: hasBody) }
        var body: [UInt8] = []
        if !hasBody || head.status == 204 || head.status == 304 {
        } else if head.header("transfer-encoding") == "chunked" {
            while true {
                let size = Int(try line(), radix: 16) ?? 0
                body += try take(size)
                _ = try line()
                if size == 0 { break }
            }
        } else {
            body = try take(Int(head.header("content-length") ?? "0") ?? 0)
        }
        return Answer(status: head.status, headers: head.headers, body: body)
    }

    /// Sends a GET and leaves its body to be read piece by piece.
    func open(_ target: String, headers: [(String, String)] = []) throws -> Answer {
        try begin(target, headers: headers)
        return try readHead()
    }

    /// Sends a GET and leaves its answer to be read.
    func begin(_ target: String, headers: [(String, String)] = []) throws {
        var head = "GET \(target) HTTP/1.1\r\nHost: \(host):\(port)\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        if let cookie { head += "Cookie: \(cookie)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if descriptor < 0 { try connect() }
        try write(Array((head + "\r\n").utf8))
    }
}
