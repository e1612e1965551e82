import Foundation
import Glibc

/// A client that sends exactly the bytes it is told to.
final class RawClient: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    struct Response: CustomStringConvertible {
        var status: Int
        var headers: [(String, String)]
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
        func header(_ name: String) -> String? { headers.first { $0.0.lowercased() == name.lowercased() }?.1 }
        var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:] }
        var code: String? { json["code"] as? String }
        var description: String { "\(status) \(headers) \(text)" }
    }

    let descriptor: Int32
    private var buffer: [UInt8] = []

    init(port: UInt16, address: String = "127.0.0.1", timeoutSeconds: Int = 10) throws {
        let isV6 = address.contains(":")
        descriptor = socket(isV6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var result: Int32
        if isV6 {
            var to = sockaddr_in6()
            to.sin6_family = sa_family_t(AF_INET6)
            to.sin6_port = port.bigEndian
            inet_pton(AF_INET6, address, &to.sin6_addr)
            result = withUnsafePointer(to: &to) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
            }
        } else {
            var to = sockaddr_in()
            to.sin_family = sa_family_t(AF_INET)
            to.sin_port = port.bigEndian
            inet_pton(AF_INET, address, &to.sin_addr)
            result = withUnsafePointer(to: &to) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
        }
        guard result == 0 else { throw Failure(description: "connect: \(String(cString: strerror(errno)))") }
        setTimeout(timeoutSeconds)
    }

    init(path: String, timeoutSeconds: Int = 10) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var to = sockaddr_un()
        to.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &to.sun_path) { room in
            for (index, byte) in path.utf8.enumerated() { room[index] = byte }
        }
        let result = withUnsafePointer(to: &to) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard result == 0 else { throw Failure(description: "connect: \(String(cString: strerror(errno)))") }
        setTimeout(timeoutSeconds)
    }

    deinit { Glibc.close(descriptor) }

    private func setTimeout(_ seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// - Returns: false when the other side has closed.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let n = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
            if n <= 0 { return false }
            sent += n
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// False at the end of the connection; throws when nothing came in time.
    private func fill() throws -> Bool {
        var piece = [UInt8](repeating: 0, count: 65536)
        let n = recv(descriptor, &piece, piece.count, 0)
        if n > 0 {
            buffer += piece[..<n]
            return true
        }
        if n < 0, errno == EAGAIN || errno == EWOULDBLOCK { throw Failure(description: "nothing came in time; so far: \(String(decoding: buffer, as: UTF8.self))") }
        return false
    }

    /// Everything until the other side closes.
    func readToEnd() throws -> [UInt8] {
        while try fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// Whether the other side closes without another byte.
    func isClosedByPeer() throws -> Bool { try buffer.isEmpty && !fill() }

    func readLine() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let line = buffer[..<end].filter { $0 != 0x0D }
                buffer.removeFirst(end + 1)
                return String(decoding: line, as: UTF8.self)
            }
            guard try fill() else { throw Failure(description: "closed in a line: \(String(decoding: buffer, as: UTF8.self))") }
        }
    }

    private func read(_ count: Int) throws -> [UInt8] {
        while buffer.count < count {
            guard try fill() else { throw Failure(description: "closed \(count - buffer.count) bytes early") }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    func readHead() throws -> Response {
        let first = try readLine().split(separator: " ")
        guard first.count >= 2, first[0] == "HTTP/1.1", let status = Int(first[1]) else {
            throw Failure(description: "no status line: \(first)")
        }
        var headers: [(String, String)] = []
        while true {
            let line = try readLine()
            if line.isEmpty { break }
            guard let colon = line.firstIndex(of: ":") else { throw Failure(description: "no header: \(line)") }
            headers.append((String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)))
        }
        return Response(status: status, headers: headers, body: [])
    }

    func readChunk() throws -> [UInt8] {
        guard let size = Int(try readLine(), radix: 16) else { throw Failure(description: "no chunk size") }
        let bytes = try read(size)
        _ = try readLine()
        return bytes
    }

    func readResponse(isHead: Bool = false) throws -> Response {
        var response = try readHead()
        while response.status == 100 { response = try readHead() }
        if isHead || response.status == 204 || response.status == 304 { return response }
        if let length = response.header("content-length").flatMap({ Int($0) }) {
            response.body = try read(length)
        } else if response.header("transfer-encoding") == "chunked" {
            while true {
                let chunk = try readChunk()
                if chunk.isEmpty { break }
                response.body += chunk
            }
        } else {
            response.body = try readToEnd()
        }
        return response
    }

    @discardableResult
    func get(_ target: String, headers: String = "") throws -> Response {
        send("GET \(target) HTTP/1.1\r\nHost: acme.localhost\r\n\(headers)\r\n")
        return try readResponse()
    }

    @discardableResult
    func post(_ target: String, _ body: String, headers: String = "") throws -> Response {
        send("POST \(target) HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
        return try readResponse()
    }
}
