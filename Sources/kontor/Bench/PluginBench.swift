import Core
import Glibc
import Storage

/// What shipped plugins say about their own speed, in `fixtures/bench.json`: requests that are measured beside another one at
/// the same server, and jobs over many rows that are measured while that other one goes on.
enum PluginBench {
    static func requests(_ bench: BenchRun) throws -> [Measurement] {
        try descriptions(bench).flatMap { description in
            try (description["rows"]?.array ?? []).map { try request($0, beside: description["beside"] ?? .null, bench) }
        }
    }

    static func jobs(_ bench: BenchRun) throws -> [Measurement] {
        try descriptions(bench).flatMap { description in
            try (description["jobs"]?.array ?? []).map { try job($0, beside: description["beside"] ?? .null, bench) }
        }
    }

    private static func descriptions(_ bench: BenchRun) throws -> [Value] {
        let folder = bench.home + "/Plugins"
        return try Files.list(folder).sorted().map { "\(folder)/\($0)/fixtures/bench.json" }.filter(Files.exists)
            .map { try JSON.parse(Files.read($0)) }
    }

    // MARK: One request

    private static func request(_ row: Value, beside: Value, _ bench: BenchRun) throws -> Measurement {
        let name = row.text("name")
        let place = try Place(bench, name)
        let server = try bench.serve(place.data)
        defer { server.child.stop() }
        for one in row["prepare"]?.array ?? [] { _ = try place.ask(server.port, one.text("method"), one.text("path"), one["body"]) }
        var product: [BenchRun.Load] = [], other: [BenchRun.Load] = []
        for _ in 0..<bench.rounds {
            other.append(try bench.load(port: server.port, place.request(beside)))
            product.append(try bench.load(port: server.port, place.request(row["request"] ?? .null)))
        }
        let failed = (product + other).reduce(0) { $0 + $1.failed }
        let value = median(product.map(\.perSecond)), floor = median(other.map(\.perSecond))
        let least = row["least_ratio"]?.double ?? 0
        return Measurement(
            name: name, value: value, unit: row.text("unit"), floor: floor, bar: "ratio at least \(least)",
            isMet: value / floor >= least && failed == 0,
            more: [
                "p50_ms": .double(median(product.map(\.p50Milliseconds))), "p99_ms": .double(median(product.map(\.p99Milliseconds))),
                "failed": .int(failed),
            ])
    }

    // MARK: One job

    private static func job(_ row: Value, beside: Value, _ bench: BenchRun) throws -> Measurement {
        let name = row.text("name")
        let place = try Place(bench, name)
        let rows = row["rows"]?.int ?? 0
        bench.say("\(name): making \(rows) rows")
        var server = try bench.serve(place.data)
        var made: Int64 = 0
        while made < rows {
            made += try bench.load(port: server.port, place.request(row["fill"] ?? .null), seconds: 5).requests
        }
        server.child.stop()
        let db = try Connection(path: place.database, mode: .writer)
        for statement in row["then"]?.array ?? [] { try db.run(SQL(statement.string ?? "")) }
        db.close()

        server = try bench.serve(place.data)
        defer { server.child.stop() }
        // Beside it somebody sells, one after the other; the load lasts longer than the job may.
        let most = row["most_seconds"]?.int ?? 60
        let load = try bench.startLoad(port: server.port, place.request(beside), connections: 4, seconds: Int(most))
        let begun = monotonicNanoseconds()
        let id = try place.ask(server.port, "POST", "/api/jobs/\(row.text("job"))/run", .object(Object()))["id"]?.int ?? 0
        var state = ""
        while state != "done", state != "dead", monotonicNanoseconds() - begun < 4_000_000_000 * UInt64(most) {
            usleep(50_000)
            state = try place.ask(server.port, "GET", "/api/job-queue/\(id)", nil)["state"]?.string ?? ""
        }
        let seconds = Double(monotonicNanoseconds() - begun) / 1e9
        let sold = try bench.finish(load)
        var counted = try place.ask(server.port, "GET", row.text("count"), nil)
        for member in row["counted"]?.array ?? [] { counted = counted[member.string ?? ""] ?? .null }
        let p99 = row["most_p99_ms"]?.double ?? row["most_p99_ms"]?.int.map(Double.init) ?? 100
        return Measurement(
            name: name, value: seconds, unit: row.text("unit"), floor: Double(most), bar: "at most \(most) s, requests beside it p99 at most \(p99) ms",
            isMet: state == "done" && seconds <= Double(most) && sold.p99Milliseconds <= p99 && sold.failed == 0,
            more: [
                "rows": .int(made), "processed": counted, "state": .string(state), "beside_per_second": .double(sold.perSecond),
                "beside_p99_ms": .double(sold.p99Milliseconds), "failed": .int(sold.failed),
            ])
    }

    /// A copy of the demo, and who asks there.
    private struct Place {
        let data: String
        let database: String
        private let tenant: DemoFile.Tenant
        private let token: String

        init(_ bench: BenchRun, _ name: String) throws {
            data = try bench.demoData(name)
            guard let tenant = try DemoFile(in: data)?.tenants.first, let admin = tenant.users.first(where: { $0.username == "admin" }) else {
                throw Child.Failure(description: "the demo has no admin")
            }
            self.tenant = tenant
            token = admin.token
            database = "\(data)/tenants/\(tenant.id)/tenant.db"
        }

        func request(_ description: Value) -> BenchRun.Request {
            BenchRun.Request(
                description.text("method"), description.text("path"), host: tenant.domain, token: token, body: description["body"])
        }

        func ask(_ port: UInt16, _ method: String, _ path: String, _ body: Value?) throws -> Value {
            let headers = [("Host", tenant.domain), ("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")]
            let answer = try HTTPClient(.loopback(port: port)).send(method, path, headers: headers, body: body.map { JSON.serialize($0) })
            guard (200..<300).contains(answer.status) else { throw Problem.answered(answer.status, answer.body, asked: "\(method) \(path)") }
            return try JSON.parse(answer.body)
        }
    }
}
