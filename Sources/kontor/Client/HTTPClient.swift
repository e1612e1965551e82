import Core
import Glibc

/// The least of HTTP/1.1 that is needed to ask a running server: one request after the other on one kept-alive connection.
///
/// It belongs to one thread.
final class HTTPClient {
    enum Address {
        /// A Unix socket.
        case socket(path: String)
        /// A port of 127.0.0.1.
        case loopback(port: UInt16)
    }

    /// The status, the headers (names in lower case) and the body of an answer.
    struct Answer {
        var status = 0
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []

        subscript(name: String) -> String? {
            headers.first { $0.name == name }?.value
        }
    }

    /// The server cannot be reached, or does not speak HTTP.
    struct Failure: Error, ProblemConvertible, CustomStringConvertible {
        let detail: String
        var problem: Problem { Problem(503, "server.unreachable", detail) }
        var description: String { detail }
    }

    private let address: Address
    private var reader: AnswerReader?

    init(_ address: Address) {
        self.address = address
    }

    deinit {
        disconnect()
    }

    func disconnect() {
        if let reader { close(reader.descriptor) }
        reader = nil
    }

    /// Sends one request and reads its answer.
    ///
    /// - Parameter sink: takes the body in pieces as they come, in place of `Answer.body`, when the answer is a 2xx.
    /// - Throws: `Failure`; the connection is then closed, and the next request opens a new one.
    func send(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        sink: (([UInt8]) -> Void)? = nil
    ) throws -> Answer {
        var head = "\(method) \(target) HTTP/1.1\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        let bytes = Array((head + "\r\n").utf8) + (body ?? [])
        let reader = try self.reader ?? AnswerReader(connect())
        self.reader = reader
        do {
            try send(bytes, to: reader.descriptor)
            let answer = try reader.read(hasBody: method != "HEAD", sink: sink)
            if answer["connection"]?.lowercased() == "close" { disconnect() }
            return answer
        } catch {
            disconnect()
            throw error
        }
    }

    private func send(_ bytes: [UInt8], to descriptor: Int32) throws {
        try bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                // A server that is gone is an error here, no signal to the process.
                let count = Glibc.send(descriptor, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, Int32(MSG_NOSIGNAL))
                if count < 0, errno == EINTR { continue }
                // It may have answered before it hung up; then the answer tells more.
                if count < 0, errno == EPIPE || errno == ECONNRESET { return }
                guard count > 0 else { throw Failure(detail: "The request could not be sent: \(String(cString: strerror(errno))).") }
                sent += count
            }
        }
    }

    private func connect() throws -> Int32 {
        switch address {
        case .socket(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let room = MemoryLayout.size(ofValue: address.sun_path)
            guard path.utf8.count < room else {
                throw Failure(detail: "The path of the socket is longer than \(room - 1) bytes: \(path).")
            }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return try connect(AF_UNIX, &address, at: path)
        case .loopback(let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            return try connect(AF_INET, &address, at: "127.0.0.1:\(port)")
        }
    }

    private func connect<T>(_ family: Int32, _ address: inout T, at place: String) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(detail: "No socket is to be had: \(String(cString: strerror(errno))).") }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<T>.size))
            }
        }
        guard status == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw Failure(detail: "The server does not answer at \(place): \(reason).")
        }
        return descriptor
    }
}

/// Reads answers from one connection, one after the other.
private final class AnswerReader {
    let descriptor: Int32
    private var buffer: [UInt8] = []
    private var position = 0
    private var piece = [UInt8](repeating: 0, count: 64 << 10)

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    func read(hasBody: Bool, sink: (([UInt8]) -> Void)?) throws -> HTTPClient.Answer {
        var answer = HTTPClient.Answer()
        let status = try line().split(separator: " ")
        guard status.count >= 2, status[0].hasPrefix("HTTP/1."), let code = Int(status[1]) else { throw garbled }
        answer.status = code
        while case let text = try line(), !text.isEmpty {
            guard let colon = text.firstIndex(of: ":") else { throw garbled }
            let value = text[text.index(after: colon)...].drop { $0 == " " }
            answer.headers.append((text[..<colon].lowercased(), String(value)))
        }
        guard hasBody, code != 204, code != 304 else { return answer }
        var collected: [UInt8] = []
        func take(_ bytes: [UInt8]) {
            if let sink, (200..<300).contains(code) { sink(bytes) } else { collected += bytes }
        }
        if answer["transfer-encoding"]?.lowercased() == "chunked" {
            while case let size = try chunkSize(), size > 0 {
                try pass(size, to: take)
                _ = try line()
            }
            while try !line().isEmpty {}
        } else if let length = answer["content-length"].flatMap(Int.init) {
            try pass(length, to: take)
        } else {
            while try position < buffer.count || fill() { drain(to: take, limit: .max) }
        }
        answer.body = collected
        return answer
    }

    private var garbled: HTTPClient.Failure { HTTPClient.Failure(detail: "The server's answer cannot be understood.") }

    private func chunkSize() throws -> Int {
        guard let size = Int(try line().prefix { $0 != ";" }, radix: 16) else { throw garbled }
        return size
    }

    private func pass(_ count: Int, to take: ([UInt8]) -> Void) throws {
        var rest = count
        while rest > 0 {
            if position == buffer.count, try !fill() { throw HTTPClient.Failure(detail: "The server ended its answer half way.") }
            rest -= drain(to: take, limit: rest)
        }
    }

    @discardableResult
    private func drain(to take: ([UInt8]) -> Void, limit: Int) -> Int {
        let count = min(limit, buffer.count - position)
        take(Array(buffer[position..<position + count]))
        position += count
        return count
    }

    private func line() throws -> String {
        while true {
            if let end = buffer[position...].firstIndex(of: 10) {
                var text = buffer[position..<end]
                if text.last == 13 { text.removeLast() }
                position = end + 1
                return String(decoding: text, as: UTF8.self)
            }
            guard try fill() else { throw HTTPClient.Failure(detail: "The server closed the connection without an answer.") }
        }
    }

    /// Reads more, after moving what is unread to the front.
    /// - Returns: false at the end.
    private func fill() throws -> Bool {
        buffer.removeFirst(position)
        position = 0
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw HTTPClient.Failure(detail: "The server's answer broke off: \(String(cString: strerror(errno))).")
            }
            buffer += piece[..<count]
            return count > 0
        }
    }
}
