import Core
import Dispatch
import Glibc
import Storage
import Synchronization
import Testing

@testable import kontor

/// What takes minutes, or measures times: `./kontor test --long`.
@Suite(.serialized, .enabled(if: environment("KONTOR_LONG") != nil)) struct LongTests {
    @Test func `killed with a hundred businesses and a gigabyte, it is ready again in seconds`() throws {
        let data = try TemporaryFolder()
        for number in 0..<100 {
            let made = try Kontor.run(
                "tenant", "create", "t\(number).localhost", "--name", "T\(number)", "--currency", "GHS", "--country", "GH",
                "--time-zone", "Africa/Accra", data: data.path)
            try #require(made.status == 0, "\(made.output)")
        }
        let tenants = try Kontor.json("tenant", "list", data: data.path)["items"]?.array ?? []
        try #require(tenants.count == 100)
        for tenant in tenants {
            let db = try Connection(path: "\(data.path)/tenants/\(tenant["id"]?.int ?? 0)/tenant.db", mode: .writer)
            defer { db.close() }
            try db.execute(script: "CREATE TABLE filler (bytes BLOB)")
            for _ in 0..<10 { try db.run(SQL("INSERT INTO filler VALUES (randomblob(1048576))")) }
        }
        let facts = "{\"base_url\":\"\",\"operator\":{\"token\":\"\"},\"tenants\":[]}"
        try Files.writeAtomically(data.path + "/demo.json", Array(facts.utf8))
        do {
            // Each has written and not been checkpointed when the kill comes.
            let server = try RunningServer(data.path, options: ["--backup-minutes", "0"])
            for tenant in tenants {
                let domain = tenant["domain"]?.string ?? ""
                let made = try Kontor.run("user", "create", "u", "--name", "U", "--tenant", domain, data: data.path)
                try #require(made.status == 0, "\(made.output)")
            }
            server.child.send(SIGKILL)
            server.child.wait()
        }
        let began = monotonicNanoseconds()
        let server = try RunningServer(data.path, options: ["--backup-minutes", "0"])
        let listening = Double(monotonicNanoseconds() - began) / 1e9
        for tenant in tenants {
            let answer = try server.anonymous(host: tenant["domain"]?.string ?? "").get("/api/session")
            #expect(answer.status == 401)
        }
        let all = Double(monotonicNanoseconds() - began) / 1e9
        print("restart after a kill: listening after \(listening) s, all 100 businesses opened and answered after \(all) s")
        #expect(listening < 2)
        #expect(all < 5)
        #expect(server.child.stop() == 0)
    }

    @Test func `endless scripts of one business do not slow another one's reads`() throws {
        let data = try Kontor.demoData()
        let server = try RunningServer(data.path)
        let path = "/api/scripts/Rules/tax/uk-vat.lua"
        let admin = try server.caller("globex")
        let source = try #require(try admin.get(path)["source"]?.string)
        let mark = "classify = function(line)\n"
        try #require(source.contains(mark))
        let hostile = source.replacing(mark, with: mark + "    while true do end\n")
        try #require(try admin.ask("PUT", path + "/draft", ["source": .string(hostile), "message": "endless"]).status == 200)
        let published = try admin.ask("POST", path + "/publish", [:])
        try #require(published.status == 200, "\(published.body)")

        let reader = try server.caller()
        func measure() throws -> (p99: Double, errors: Int) {
            var times: [UInt64] = []
            var errors = 0
            for _ in 0..<2_000 {
                let began = monotonicNanoseconds()
                if try reader.get("/api/products?limit=5").status != 200 { errors += 1 }
                times.append(monotonicNanoseconds() - began)
            }
            return (Double(times.sorted()[times.count * 99 / 100]) / 1e6, errors)
        }
        _ = try measure()
        let quiet = try measure()
        let isOver = Mutex(false)
        let verdicts = Mutex<[String: Int]>([:])
        let crew = DispatchGroup()
        let port = server.port
        let globex = try server.demo.tenant("globex")
        let host = globex.domain, token = try globex.user("cashier").token
        let sku = try #require(try admin.get("/api/products?limit=1")["items"]?.array?.first?["sku"]?.string)
        for _ in 0..<8 {
            crew.enter()
            Thread.start(name: "hostile", stackBytes: 1 << 20) {
                let caller = Caller(port: port, host: host, token: token)
                let sale: Value = [
                    "branch": "LON-01", "customer_type": "Walk-in", "lines": .array([["sku": .string(sku), "quantity": 1]]),
                    "payments": .array([["method": "Cash"]]),
                ]
                while !isOver.withLock({ $0 }) {
                    guard let answer = try? caller.ask("POST", "/api/sales", sale) else { break }
                    verdicts.withLock { $0[answer.code ?? "\(answer.status)", default: 0] += 1 }
                }
                crew.leave()
            }
        }
        while verdicts.withLock({ $0.isEmpty }) { usleep(10_000) }
        let beside = try measure()
        isOver.withLock { $0 = true }
        crew.wait()
        print("reads beside endless scripts: p99 \(beside.p99) ms, alone \(quiet.p99) ms; the scripts: \(verdicts.withLock { $0 })")
        #expect(beside.errors == 0 && quiet.errors == 0)
        #expect(beside.p99 <= 2 * quiet.p99 + 20)
        #expect(verdicts.withLock { $0.keys.allSatisfy { $0.hasPrefix("script.") || $0 == "storage.busy_queue" } })
    }
}
