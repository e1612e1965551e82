import Core
import Glibc
import Platform
import Server
import Storage
import Testing

/// When something is full, broken or gone.
@Suite struct FailureTests {
    /// The status of an answer that is on its way.
    private final class Asked: @unchecked Sendable {
        // Safe to share: written before the semaphore is raised, read after.
        private let done = Gate()
        private var status = 0

        func set(_ status: Int) {
            self.status = status
            done.open()
        }

        func wait() -> Int {
            done.pass()
            return status
        }
    }

    /// Occupies a place in a lane.
    private final class Occupant: LaneWork {
        private let gate: Gate?
        init(_ gate: Gate? = nil) { self.gate = gate }
        func perform(_ db: Connection) throws { gate?.pass() }
        func refused(_ error: any Error, _ db: Connection) throws {}
        func finished(_ outcome: LaneOutcome) {}
    }

    @Test func `a full lane answers at once, and its neighbour is served`() throws {
        let house = try TestHouse()
        let client = try house.client()
        #expect(try client.post("/api/test/notes", ["text": "a"]).status == 201)
        let gate = Gate()
        defer { withExtendedLifetime(house) { gate.open() } }
        try house.acme.store.submit(Occupant(gate))
        gate.awaitArrival()
        while (try? house.acme.store.submit(Occupant())) != nil {}
        let refused = try client.post("/api/test/notes", ["text": "b"], key: "k")
        #expect(refused.status == 429)
        #expect(refused.code == "storage.busy_queue")
        #expect(refused.header("retry-after") != nil)
        #expect(try client.get("/api/test/notes").status == 200, "reading never waits for a writer")
        #expect(try house.client(at: house.globex).post("/api/test/notes", ["text": "c"]).status == 201)
        gate.open()
        var answer = refused
        while answer.status == 429 { answer = try client.post("/api/test/notes", ["text": "b"], key: "k") }
        #expect(answer.status == 201)
    }

    @Test func `reads beyond the queue are refused at once, another tenant's are not`() throws {
        let gate = Gate()
        let waiting = Endpoint(
            .get, "/api/test/wait", access: .signedIn, execution: .read,
            documentation: .init("Wait", tag: "Test", replies: [.init(200, "Done.", .map(.any))])
        ) { _ in
            gate.pass()
            return Reply(200, [:])
        }
        let house = try TestHouse(endpoints: TestEndpoints.all + [waiting]) { settings in
            settings.readThreads = 2
            settings.readThreadsPerTenant = 1
            settings.readQueue = 1
        }
        // Before the house goes: stopping waits for the readers, and one of them waits at the gate.
        defer { withExtendedLifetime(house) { gate.open() } }
        let (port, token) = (house.port, try house.token())
        let client = try house.client()
        _ = try client.get("/api/test/notes")
        let other = try house.client(at: house.globex)
        _ = try other.get("/api/test/notes")
        /// Asks on a thread of its own.
        func ask() -> Asked {
            let asked = Asked()
            Thread.start(name: "ask", stackBytes: 1 << 20) {
                asked.set((try? WebClient(port: port, host: "acme.localhost", token: token).get("/api/test/wait").status) ?? 0)
            }
            return asked
        }
        _ = try WebClient(port: port, host: "acme.localhost", token: token).get("/api/test/notes")
        let first = ask()
        gate.awaitArrival()
        // One more finds a place in the queue; the next one does not.
        let second = ask()
        while house.application.waitingReads == 0 { _ = try client.send("OPTIONS", "/api/test/wait") }
        let refused = try client.get("/api/test/notes")
        #expect(refused.status == 503)
        #expect(refused.code == "server.busy")
        #expect(refused.header("retry-after") == "1")
        #expect(try other.get("/api/test/notes").status == 200)
        gate.open()
        #expect(first.wait() == 200)
        #expect(second.wait() == 200)
        #expect(try client.get("/api/test/notes").status == 200)
    }

    @Test func `a database that cannot be opened is said to be so, and the other tenant's works`() throws {
        let house = try TestHouse()
        let client = try house.client()
        let path = house.acme.store.path
        let good = try house.acme.store.whileClosed("it breaks") { () -> [UInt8] in
            let good = try Files.read(path)
            try Files.writeAtomically(path, [UInt8](repeating: 0x5A, count: 8_192))
            return good
        }
        #expect(try client.get("/api/test/notes").status == 503)
        let health = try house.anonymous().get("/api/health")
        #expect(health.status == 503)
        #expect(health.text == #"{"status":"unavailable"}"#)
        #expect(try house.anonymous("globex.localhost").get("/api/health").status == 200)
        #expect(try house.anonymous("127.0.0.1").get("/api/health").status == 200)
        try house.acme.store.whileClosed("it is repaired") { try Files.writeAtomically(path, good) }
        #expect(try client.get("/api/test/notes").status == 200)
        #expect(try house.anonymous().get("/api/health").status == 200)
    }

    @Test func `the installation's socket lets the operator in without a token, to tenants too`() throws {
        let house = try TestHouse(localSocket: true)
        func ask(_ host: String, _ line: String) throws -> String {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(house.folder)/kontor.sock".utf8) }
            let code = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(code == 0)
            let request = Array("\(line) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n".utf8)
            _ = request.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
            var answer: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = recv(descriptor, &chunk, chunk.count, 0)
                if count <= 0 { break }
                answer += chunk.prefix(count)
            }
            return String(decoding: answer, as: UTF8.self)
        }
        #expect(try ask("localhost", "GET /api/tenants").hasPrefix("HTTP/1.1 200"))
        #expect(try ask("anything", "GET /api/tenants").hasPrefix("HTTP/1.1 200"))
        #expect(try ask("acme.localhost", "GET /api/users").hasPrefix("HTTP/1.1 200"))
        #expect(try ask("acme.localhost", "GET /api/tenants").hasPrefix("HTTP/1.1 404"))
        // who shows a credential there is taken at it
        let wrong = "GET /api/users HTTP/1.1\r\nAuthorization: Bearer kt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nX-Rest:"
        #expect(try ask("acme.localhost", wrong).hasPrefix("HTTP/1.1 401"))
        // over TCP nobody is the operator by asking
        #expect(try house.anonymous("127.0.0.1").get("/api/tenants").status == 401)
    }

    @Test func `rows that come in between are not shown twice, and none is left out`() throws {
        let house = try TestHouse()
        let client = try house.client()
        for (code, kind) in [("1000", "asset"), ("3000", "equity")] {
            _ = try client.post("/api/ledger/accounts", ["code": .string(code), "name": .string(code), "kind": .string(kind)])
        }
        _ = try client.post("/api/ledger/periods", ["from": "2026-01", "through": "2026-01"])
        func post() throws {
            let lines: Value = [
                ["account": "1000", "side": "debit", "amount": 1], ["account": "3000", "side": "credit", "amount": 1],
            ]
            try #require(try client.post("/api/ledger/entries", ["lines": lines]).status == 201)
        }
        for _ in 0..<120 { try post() }
        var seen: [Int64] = []
        var sizes: [Int] = []
        var cursor = ""
        repeat {
            let page = try client.get("/api/ledger/entries?limit=50\(cursor)").json
            let ids = (page["items"]?.array ?? []).compactMap { $0["id"]?.int }
            sizes.append(ids.count)
            seen += ids
            cursor = page["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
            try post()
        } while !cursor.isEmpty
        #expect(sizes == [50, 50, 20])
        #expect(seen == Array((1...120).reversed()).map(Int64.init))
        #expect(try client.get("/api/ledger/entries?limit=201").status == 422)
        #expect(try client.get("/api/ledger/entries?cursor=nonsense").status == 422)
    }
}
