import CBridge
import Core
import Glibc
import Synchronization

/// Serves HTTP/1.1 on TCP and on a Unix socket until it is stopped.
package final class HTTPServer: @unchecked Sendable {
    // Safe to share: the C server locks for itself; `state` guards its coming and going.
    package struct Configuration: Sendable {
        /// Numeric IPv4 or IPv6 addresses; `localhost` is both loopback addresses, `*` every one. IPv6 is passed over where
        /// there is none, as long as another address is served.
        package var addresses = ["127.0.0.1", "::1"]
        /// 0 takes a free one, the same for all addresses.
        package var port: UInt16 = 0
        /// At most 107 bytes. Mode 0600; a stale file there is replaced.
        package var localSocket: String?
        package var tls: TLS?
        /// Numeric addresses of proxies in front that speak TLS to the clients. What they say in `X-Forwarded-For` is believed,
        /// and nobody else. They must pass the Host header on as it came.
        package var tlsProxies: [String] = []
        /// Whether browsers come by TLS, here or at a proxy: decides all that goes with it, cookies too.
        package var isSecure: Bool { tls != nil || !tlsProxies.isEmpty }
        /// Threads for each TCP address.
        package var threads = 2
        /// For each address listened on.
        package var connectionLimit = 1000
        package var connectionLimitPerPeer = 100
        package var idleTimeoutSeconds = 10
        /// For head and body together.
        package var requestDeadlineSeconds = 30
        /// Bytes.
        package var targetLimit = 8 << 10
        /// Bytes.
        package var headLimit = 16 << 10
        /// What the library says of broken connections, for a debug log.
        package var log: (@Sendable (String) -> Void)?

        package init() {}
    }

    package struct TLS: Sendable {
        package var certificatePEM: String
        package var keyPEM: String
        package init(certificatePEM: String, keyPEM: String) {
            self.certificatePEM = certificatePEM
            self.keyPEM = keyPEM
        }
    }

    package struct Counts: Sendable {
        package let connections, requests, streams: Int
        /// Ever.
        package let refused, cutOff: Int
    }

    /// Open connections by what they are doing.
    package struct Connections: Sendable, Equatable {
        /// Kept open between two requests.
        package let idle: Int
        /// Head or body are coming.
        package let reading: Int
        /// The answer is being made.
        package let working: Int
        package let sending: Int
        /// An export or events: sent bit by bit.
        package let streaming: Int
        package var total: Int { idle + reading + working + sending + streaming }

        package init(idle: Int = 0, reading: Int = 0, working: Int = 0, sending: Int = 0, streaming: Int = 0) {
            self.idle = idle
            self.reading = reading
            self.working = working
            self.sending = sending
            self.streaming = streaming
        }

        package var states: [(name: String, count: Int)] {
            [("idle", idle), ("reading", reading), ("working", working), ("sending", sending), ("streaming", streaming)]
        }
    }

    private enum State {
        case idle
        case running(OpaquePointer)
        case stopped
    }

    private let configuration: Configuration
    private let hooks: HTTPHooks
    // The pointer is used from any thread; the C side allows it until it is freed, which takes this lock.
    private nonisolated(unsafe) var state = State.idle
    private let lock = Mutex(())

    package init(_ configuration: Configuration, handler: any HTTPHandler) {
        self.configuration = configuration
        hooks = HTTPHooks(handler, proxies: Set(configuration.tlsProxies), log: configuration.log)
    }

    deinit { stop(drainSeconds: 0) }

    /// Whether it is a numeric address, as proxies are named.
    package static func isAddress(_ text: String) -> Bool { IPAddress.isNumeric(text) }

    /// Binds and begins to serve.
    /// - Returns: the TCP port.
    /// - Throws: `HTTPServerError` naming the address that could not be had; nothing is left listening.
    @discardableResult
    package func start() throws(HTTPServerError) -> UInt16 {
        var options = kh_options()
        options.threads = Int32(configuration.threads)
        options.connection_limit = Int32(configuration.connectionLimit)
        options.connection_limit_per_address = Int32(configuration.connectionLimitPerPeer)
        options.idle_timeout_seconds = Int32(configuration.idleTimeoutSeconds)
        options.request_deadline_seconds = Int32(configuration.requestDeadlineSeconds)
        options.target_limit = Int32(configuration.targetLimit)
        options.header_limit = Int32(configuration.headLimit)
        // Beyond it the library refuses a head itself, with a page of its own. It zeroes all of it after each request, so more
        // than the heads that are told their limit need costs time.
        options.memory_per_connection = 64 << 10
        options.behind_tls = configuration.isSecure
        var callbacks = kh_callbacks(
            context: Unmanaged.passRetained(hooks).toOpaque(), head: requestHead, handle: requestWhole,
            finished: requestFinished, message: libraryMessage)
        let certificate = configuration.tls?.certificatePEM ?? ""
        let key = configuration.tls?.keyPEM ?? ""
        let server = certificate.withCString { certificate in
            key.withCString { key in
                if configuration.tls != nil {
                    options.certificate_pem = certificate
                    options.key_pem = key
                }
                return kh_server_new(&options, &callbacks)
            }
        }
        guard let server else {
            Unmanaged.passUnretained(hooks).release()
            throw HTTPServerError(message: "cannot start the HTTP server: no memory or threads")
        }
        do throws(HTTPServerError) {
            let port = try listen(server)
            lock.withLock { _ in state = .running(server) }
            return port
        } catch {
            kh_server_stop(server, 0)
            kh_server_free(server)
            Unmanaged.passUnretained(hooks).release()
            throw error
        }
    }

    private func listen(_ server: OpaquePointer) throws(HTTPServerError) -> UInt16 {
        let size = 256
        let message = UnsafeMutablePointer<CChar>.allocate(capacity: size)
        defer { message.deallocate() }
        message[0] = 0
        var port = configuration.port
        var isBound = false
        let addresses = configuration.addresses.flatMap { address in
            address == "localhost" ? ["127.0.0.1", "::1"] : address == "*" ? ["0.0.0.0", "::"] : [address]
        }
        for address in addresses {
            let error = kh_server_listen(server, address, &port, configuration.tls != nil, message, size)
            if isBound, address.contains(":"), error == EADDRNOTAVAIL || error == EAFNOSUPPORT { continue }
            guard error == 0 else { throw HTTPServerError(message: String(cString: message)) }
            isBound = true
        }
        if let path = configuration.localSocket, kh_server_listen_local(server, path, message, size) != 0 {
            throw HTTPServerError(message: String(cString: message))
        }
        return port
    }

    /// Stops accepting, lets requests in flight finish, answers the rest 503 and ends. Idempotent; waits until it is done.
    /// - Returns: how many requests had to be cut off.
    @discardableResult
    package func stop(drainSeconds: Double = 5) -> Int {
        let running: OpaquePointer? = lock.withLock { _ in
            defer { state = .stopped }
            if case .running(let server) = state { return server }
            return nil
        }
        guard let running else { return 0 }
        let cut = kh_server_stop(running, Int32(drainSeconds * 1000))
        kh_server_free(running)
        Unmanaged.passUnretained(hooks).release()
        return Int(cut)
    }

    /// Zeros when it is not running.
    package var connections: Connections {
        lock.withLock { _ in
            guard case .running(let server) = state else { return Connections() }
            var counts = [Int64](repeating: 0, count: Int(KH_STATES))
            kh_server_states(server, &counts)
            func count(_ state: Int) -> Int { Int(counts[state]) }
            return Connections(
                idle: count(Int(KH_IDLE)), reading: count(Int(KH_READING)), working: count(Int(KH_WORKING)),
                sending: count(Int(KH_SENDING)), streaming: count(Int(KH_STREAMING)))
        }
    }

    /// Zeros when it is not running.
    package var counts: Counts {
        lock.withLock { _ in
            guard case .running(let server) = state else {
                return Counts(connections: 0, requests: 0, streams: 0, refused: 0, cutOff: 0)
            }
            let counts = kh_server_counts(server)
            return Counts(
                connections: Int(counts.connections), requests: Int(counts.requests), streams: Int(counts.streams),
                refused: Int(counts.refused), cutOff: Int(counts.deadlines))
        }
    }
}

package struct HTTPServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What could not be done and why, for an operator.
    package let message: String
    package var description: String { message }
}
