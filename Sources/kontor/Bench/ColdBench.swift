import Core
import Glibc
import Platform

/// How soon a tenant answers that nobody has asked since the start.
enum ColdBench {
    private static let tenants = 1_000

    static func run(_ bench: BenchRun) throws -> [Measurement] {
        let home = try BenchPlugins.home(bench)
        let data = "\(bench.scratch)/cold"
        bench.say("making \(tenants) businesses with five plugins")
        let house = try House(data: data, home: home)
        for number in 1...tenants {
            let body: Value = [
                "domain": .string("t\(number).localhost"), "name": .string("Tenant \(number)"), "currency": "GHS", "country": "GH",
                "time_zone": "Africa/Accra",
            ]
            try ask(house, "/api/tenants", .operator, body)
        }
        for plugin in ["accounting", "catalog", "pos", BenchPlugins.hooked, BenchPlugins.ten] {
            try ask(house, "/api/plugins", .tenant("t1.localhost"), ["name": .string(plugin)])
        }
        house.close()
        // A business is its file: installing five plugins a thousand times would take a quarter of an hour.
        for number in 2...tenants {
            try Files.copy("\(data)/tenants/1/tenant.db", to: "\(data)/tenants/\(number)/tenant.db", mode: 0o600)
        }

        let server = try bench.serve(data, home: home)
        defer { server.child.stop() }
        let client = HTTPClient(.socket(path: data + "/kontor.sock"))
        var milliseconds: [Double] = []
        for number in 1...tenants {
            let start = monotonicNanoseconds()
            let answer = try client.send("GET", "/api/products?limit=1", headers: [("Host", "t\(number).localhost")])
            guard answer.status == 200 else { throw Problem.answered(answer.status, answer.body, asked: "GET /api/products") }
            milliseconds.append(Double(monotonicNanoseconds() - start) / 1e6)
        }
        let p99 = quantile(milliseconds, 0.99)
        return [
            Measurement(
                name: "cold", value: p99, unit: "ms (p99)", floor: 50, bar: "first answer of 1,000 tenants in at most 50 ms",
                isMet: p99 <= 50, more: ["p50_ms": .double(median(milliseconds)), "max_ms": .double(milliseconds.max() ?? 0)])
        ]
    }

    private static func ask(_ house: House, _ path: String, _ place: API.Place, _ body: Value) throws {
        let (status, bytes) = try house.perform("POST", path, at: place, body: JSON.serialize(body))
        guard (200..<300).contains(status) else { throw Problem.answered(status, bytes, asked: "POST \(path)") }
    }
}
