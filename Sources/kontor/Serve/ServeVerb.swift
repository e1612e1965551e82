import Core
import Glibc
import Platform
import Server
import Storage

enum ServeVerb {
    static let options = [
        Option("port", "N", "Port to listen on; 0 takes a free one (else 8080)"),
        Option("listen", "ADDRESS", "Address to listen on; may be repeated (else 127.0.0.1 and ::1)"),
        Option("tls-cert", "FILE", "Certificate chain, PEM"),
        Option("tls-key", "FILE", "Its key, PEM"),
        Option("tls-proxy", "ADDRESS", "A proxy in front that speaks TLS and passes Host on; may be repeated"),
        Option("operator-host", "NAME", "Host of the operator's API and /metrics; may be repeated (else localhost)"),
        Option("insecure-http", nil, "Plain HTTP beyond this machine"),
        Option("log", "FILE", "Where the log goes; - is standard error (else DATA/log/kontor.log)"),
        Option("idle-seconds", "N", "Close a business's database after so long without a request (else 60)"),
        Option("outbound-private", "RANGE", "Private addresses that businesses may reach, such as 192.168.1.0/24; may be repeated"),
        Option("outbound-ca", "FILE", "Certificates to trust of those whom they reach, PEM (else the system's)"),
        Option("slow-statement-ms", "N", "Log statements of the databases that take longer (else 1000)"),
        Option("backup-minutes", "N", "Back up changed businesses so often, 0 for never (else 60)"),
        Option("no-change-log", nil, "Keep no log of changes between backups: restores go to backups only, not to any moment"),
    ]

    static let all = [
        Verb(
            "serve", "", "Serve every business until SIGTERM or Ctrl-C", options: options,
            details: "Ends within 5 seconds of SIGTERM; what was answered is on disk."
        ) { invocation in
            let server = try ServingHouse(invocation, data: invocation.data())
            standardOutput("listening on \(server.scheme)://127.0.0.1:\(server.port)\n")
            server.serveUntilSignal()
            return .done
        }
    ]
}

/// An installation that serves: the house, its HTTP server and its housekeeping.
final class ServingHouse {
    let house: House
    let port: UInt16
    let scheme: String
    private let server: HTTPServer
    private let housekeeping: Housekeeping

    init(_ invocation: Invocation, data: String, prepare: (House) throws -> Void = { _ in }) throws {
        let arguments = invocation.arguments
        try arguments.noMoreWords(than: 0)
        var http = HTTPServer.Configuration()
        http.port = UInt16(try arguments.integer("port", in: 0...65535) ?? 8080)
        if arguments.has("listen") { http.addresses = arguments.all("listen") }
        http.tls = try Self.tls(arguments)
        http.tlsProxies = try arguments.all("tls-proxy").map { address in
            guard HTTPServer.isAddress(address) else { throw UsageError("--tls-proxy takes a numeric address, not “\(address)”") }
            return address
        }
        // Behind a proxy everybody comes from its address.
        http.connectionLimitPerPeer = http.tlsProxies.isEmpty ? 256 : http.connectionLimit
        guard http.tls != nil || arguments.has("insecure-http") || http.addresses.allSatisfy(Self.isLoopback) else {
            throw UsageError("Plain HTTP beyond this machine needs --insecure-http; better, give --tls-cert and --tls-key")
        }
        let home = try invocation.home()
        let idleSeconds = try arguments.integer("idle-seconds", in: 1...86_400) ?? 60
        let backupMinutes = try arguments.integer("backup-minutes", in: 0...100_000) ?? 60

        Signals.blockEndings()
        Limits.raiseDescriptors()
        var configuration = InstanceConfiguration(
            isSecure: http.isSecure, publicPort: http.tlsProxies.isEmpty ? Int(http.port) : nil, idleSeconds: idleSeconds,
            outbound: OutboundPolicy(
                allowed: try arguments.all("outbound-private").map { try AddressRange($0) },
                certificatesPath: arguments["outbound-ca"].map(Paths.absolute)))
        // Without copies there is nothing that a log could bring forward, and nobody who removes it.
        configuration.keepsChangeLog = backupMinutes > 0 && !arguments.has("no-change-log")
        configuration.slowStatementMilliseconds = try arguments.integer("slow-statement-ms", in: 1...3_600_000) ?? 1_000
        let files = try StaticFiles(folder: home + "/Web")
        let log = try ServerLog(arguments["log"], data: data)
        house = try House(
            data: data, home: home, configuration: configuration, operatorHosts: arguments.all("operator-host"), files: files,
            log: log.writer)
        http.localSocket = data + "/kontor.sock"
        do {
            try prepare(house)
            server = HTTPServer(http, handler: house.application)
            house.application.figures.connect(server)
            port = try server.start()
        } catch {
            house.close()
            throw error
        }
        scheme = http.tls == nil ? "http" : "https"
        housekeeping = Housekeeping(house, log: log, backupEveryMinutes: backupMinutes)
    }

    /// Serves until SIGTERM, SIGINT or SIGHUP, then drains and closes.
    func serveUntilSignal() {
        housekeeping.start()
        house.instance.scheduler.start()
        Signals.waitForEnding()
        // What was answered is on disk; whoever is not done in time was not answered.
        Signals.endAnyway(afterSeconds: 4.8)
        housekeeping.stop()
        server.stop(drainSeconds: 3)
        house.close()
    }

    private static func tls(_ arguments: Arguments) throws -> HTTPServer.TLS? {
        switch (arguments["tls-cert"], arguments["tls-key"]) {
        case (nil, nil): nil
        case (let certificate?, let key?):
            HTTPServer.TLS(
                certificatePEM: try Files.text(Paths.absolute(certificate)), keyPEM: try Files.text(Paths.absolute(key)))
        default: throw UsageError("--tls-cert and --tls-key come together")
        }
    }

    private static func isLoopback(_ address: String) -> Bool {
        address == "::1" || address == "localhost" || address.hasPrefix("127.")
    }
}

enum Signals {
    private static var endings: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
        return set
    }

    /// Before any thread is made, so that the signals wait for `waitForEnding`.
    static func blockEndings() {
        var set = endings
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    static func waitForEnding() {
        var set = endings
        var signal: Int32 = 0
        while sigwait(&set, &signal) != 0 {}
    }

    /// Ends the process if it is still there then.
    static func endAnyway(afterSeconds seconds: Double) {
        Thread.start(name: "end", stackBytes: 256 << 10) {
            usleep(UInt32(seconds * 1_000_000))
            _exit(0)
        }
    }
}

enum Limits {
    /// A thousand open businesses hold some thousands of files open.
    static func raiseDescriptors() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    }
}
