import Core
import Glibc

extension NetworkTransport {
    private static let connectMilliseconds: Int32 = 5_000
    private static let sendMilliseconds: Int32 = 30_000

    package func send(_ bytes: [UInt8], host: String, port: Int) throws(OutboundFailure) {
        func failed(_ what: String, isUnsure: Bool = false) -> OutboundFailure {
            OutboundFailure(code: "print.unreachable", message: "\(host) port \(port): \(what)", isUnsure: isUnsure)
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        guard code == 0, let found else { throw failed(String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(found) }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        getnameinfo(found.pointee.ai_addr, found.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard policy.allows(address) else {
            throw OutboundFailure(
                code: "http.blocked", message: "\(host) is at the private address \(address), and the operator has not opened it.", isUnsure: false)
        }
        let file = socket(found.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard file >= 0 else { throw failed(String(cString: strerror(errno))) }
        defer { close(file) }
        if connect(file, found.pointee.ai_addr, found.pointee.ai_addrlen) != 0 {
            guard errno == EINPROGRESS else { throw failed(String(cString: strerror(errno))) }
            guard Self.wait(file, Int16(POLLOUT), Self.connectMilliseconds) else { throw failed("does not answer") }
            var problem: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(file, SOL_SOCKET, SO_ERROR, &problem, &size)
            guard problem == 0 else { throw failed(String(cString: strerror(problem))) }
        }
        var sent = 0
        while sent < bytes.count {
            guard Self.wait(file, Int16(POLLOUT), Self.sendMilliseconds) else { throw failed("takes no more after \(sent) bytes", isUnsure: sent > 0) }
            let count = bytes.withUnsafeBytes { Glibc.send(file, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { throw failed(String(cString: strerror(errno)), isUnsure: sent > 0) }
            sent += count
        }
        shutdown(file, Int32(SHUT_WR))
        // A printer that closes has it all; many only stay silent.
        var byte: UInt8 = 0
        if Self.wait(file, Int16(POLLIN), 2_000) { _ = recv(file, &byte, 1, 0) }
    }

    private static func wait(_ file: Int32, _ events: Int16, _ milliseconds: Int32) -> Bool {
        var watched = pollfd(fd: file, events: events, revents: 0)
        while true {
            let count = poll(&watched, 1, milliseconds)
            if count < 0, errno == EINTR { continue }
            return count > 0
        }
    }
}
