import Core
import Glibc

/// A thousand publishes of a checked draft while 16 connections sell: how long until it is in force, and that nothing fails.
enum PublishBench {
    private static let count = 1_000
    private static let path = "/api/scripts/Rules/tax/gh-standard.lua"

    static func run(_ bench: BenchRun) throws -> [Measurement] {
        let data = try bench.demoData("publish")
        guard let facts = try DemoFile(in: data), let tenant = facts.tenants.first,
            let cashier = tenant.users.first(where: { $0.username == "cashier" }),
            let admin = tenant.users.first(where: { $0.username == "admin" })
        else { throw Child.Failure(description: "the demo has no cashier and admin") }
        let server = try bench.serve(data)
        defer { server.child.stop() }
        let request = BenchRun.Request("POST", "/api/sales", host: tenant.domain, token: cashier.token, body: SaleBench.sale)
        _ = try bench.load(port: server.port, request, seconds: 1)

        let client = HTTPClient(.loopback(port: server.port))
        func ask(_ method: String, _ path: String, _ body: Value? = nil) throws -> Value {
            let headers = [
                ("Host", tenant.domain), ("Authorization", "Bearer \(admin.token)"), ("Content-Type", "application/json"),
            ]
            let answer = try client.send(method, path, headers: headers, body: body.map { JSON.serialize($0) })
            guard (200..<300).contains(answer.status) else {
                throw Problem.answered(answer.status, answer.body, asked: "\(method) \(path)")
            }
            return try JSON.parse(answer.body)
        }
        let source = try ask("GET", path).text("source")

        var milliseconds: [Double] = []
        var failed: Int64 = 0
        var sales: Int64 = 0
        while milliseconds.count < count {
            let load = try bench.startLoad(port: server.port, request, connections: 16, seconds: 10)
            let end = monotonicNanoseconds() + 9_000_000_000
            while milliseconds.count < count, monotonicNanoseconds() < end {
                let changed = source + "-- \(milliseconds.count)\n"
                _ = try ask("PUT", path + "/draft", ["source": .string(changed), "message": "bench"])
                _ = try ask("POST", path + "/check", [:])
                let start = monotonicNanoseconds()
                _ = try ask("POST", path + "/publish", [:])
                milliseconds.append(Double(monotonicNanoseconds() - start) / 1e6)
            }
            let result = try bench.finish(load)
            failed += result.failed
            sales += result.requests
        }
        let p99 = quantile(milliseconds, 0.99)
        return [
            Measurement(
                name: "publish", value: p99, unit: "ms (p99)", floor: 50, bar: "at most 50 ms, no request fails",
                isMet: p99 <= 50 && failed == 0,
                more: [
                    "p50_ms": .double(median(milliseconds)), "max_ms": .double(milliseconds.max() ?? 0),
                    "publishes": .int(Int64(count)), "sales_meanwhile": .int(sales), "failed": .int(failed),
                ])
        ]
    }
}
