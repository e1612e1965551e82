import Core
import Glibc
import Platform
import Server

/// What the measurements share: a scratch folder on the disk of the program, floors built from C, servers in processes of
/// their own, and the load client.
final class BenchRun: @unchecked Sendable {
    // Used by one thread, the program's first.
    let home: String
    let seconds: Int
    let rounds: Int
    /// Goes when the run ends.
    let scratch: String
    private var demo: String?

    init(_ invocation: Invocation) throws {
        home = try invocation.home()
        seconds = try invocation.arguments.integer("seconds", in: 1...600) ?? 5
        rounds = try invocation.arguments.integer("rounds", in: 1...100) ?? 3
        // Beside the program, so that floor and product write to the disk that is there, not to memory.
        scratch = Paths.parent(Paths.executable) + "/bench-\(getpid())"
        try Files.createDirectory(scratch, mode: 0o700)
        Limits.raiseDescriptors()
    }

    deinit {
        try? Files.removeTree(scratch)
    }

    /// Says on standard error what takes its time.
    func say(_ text: String) {
        standardError("kontor bench: \(text)\n")
    }

    /// Builds one of `Tests/Floors`.
    func build(_ name: String, _ options: [String]) throws -> String {
        let program = "\(scratch)/\(name)"
        if Files.exists(program) { return program }
        let source = "\(home)/Tests/Floors/\(name).c"
        let (output, status) = try Child.run("cc", ["-O2", "-std=gnu11", source, "-o", program] + options)
        guard status == 0 else { throw Child.Failure(description: "cc \(source): \(output)") }
        return program
    }

    /// A folder with the demo's businesses; made once, then copied.
    func demoData(_ name: String) throws -> String {
        let folder = "\(scratch)/\(name)"
        if demo == nil {
            let made = "\(scratch)/demo"
            let result = try Child.run(Paths.executable, ["demo", "--prepare", "--data", made, "--home", home])
            guard result.status == 0 else { throw Child.Failure(description: "kontor demo --prepare: \(result.output)") }
            demo = made
        }
        let copied = try Child.run("cp", ["-a", demo ?? "", folder])
        guard copied.status == 0 else { throw Child.Failure(description: "cp: \(copied.output)") }
        return folder
    }

    /// Starts `kontor serve` on a free port.
    /// - Parameter home: where its plugins and rules are, if elsewhere.
    func serve(_ data: String, home: String? = nil, _ options: [String] = []) throws -> (child: Child, port: UInt16) {
        let child = try Child(
            Paths.executable, ["serve", "--data", data, "--home", home ?? self.home, "--port", "0", "--backup-minutes", "0"] + options)
        while let line = child.line() {
            if line.hasPrefix("listening on"), let port = line.split(separator: ":").last.flatMap({ UInt16($0) }) {
                return (child, port)
            }
        }
        throw Child.Failure(description: "kontor serve ended with \(child.wait())")
    }

    /// Starts a floor and reads the port that it prints.
    func start(_ program: String, _ arguments: [String]) throws -> (child: Child, port: UInt16) {
        let child = try Child(program, arguments)
        guard let line = child.line(), line.hasPrefix("port "), let port = UInt16(line.dropFirst(5)) else {
            throw Child.Failure(description: "\(program) did not start")
        }
        return (child, port)
    }

    /// What a load came to.
    struct Load {
        var requests: Int64
        /// Neither answered nor answered 2xx.
        var failed: Int64
        var perSecond: Double
        var p50Milliseconds: Double
        var p99Milliseconds: Double
    }

    /// A request that is sent again and again.
    struct Request {
        var method: String
        var path: String
        var headers: [String]
        var body: String

        init(_ method: String, _ path: String, host: String, token: String? = nil, body: Value? = nil) {
            self.method = method
            self.path = path
            headers = ["Host: \(host)"]
            if let token { headers.append("Authorization: Bearer \(token)") }
            if body != nil { headers.append("Content-Type: application/json") }
            self.body = body.map { String(decoding: JSON.serialize($0), as: UTF8.self) } ?? ""
        }
    }

    /// Sends the same request over kept-alive connections for a while.
    func load(port: UInt16, _ request: Request, connections: Int = 64, seconds: Int? = nil) throws -> Load {
        try finish(startLoad(port: port, request, connections: connections, seconds: seconds ?? self.seconds))
    }

    func startLoad(port: UInt16, _ request: Request, connections: Int, seconds: Int) throws -> Child {
        var arguments = [
            "-p", String(port), "-c", String(connections), "-s", String(seconds), "-w", "0.5", "-m", request.method,
            "-t", request.path,
        ]
        for header in request.headers { arguments += ["-h", header] }
        if !request.body.isEmpty { arguments += ["-b", request.body] }
        return try Child(build("load", []), arguments)
    }

    func finish(_ child: Child) throws -> Load {
        let output = child.rest()
        child.wait()
        guard let answer = try? JSON.parse(Array(output.utf8)) else {
            throw Child.Failure(description: "the load client failed: \(output)")
        }
        func number(_ key: String) -> Double {
            answer[key]?.double ?? answer[key]?.int.map(Double.init) ?? 0
        }
        return Load(
            requests: answer["requests"]?.int ?? 0, failed: (answer["errors"]?.int ?? 0) + (answer["non_2xx"]?.int ?? 0),
            perSecond: number("rps"), p50Milliseconds: number("p50_us") / 1000, p99Milliseconds: number("p99_us") / 1000)
    }
}
