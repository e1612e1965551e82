/// GET /api/health over 64 kept-alive connections, beside libmicrohttpd alone with a constant answer.
enum HealthBench {
    static func run(_ bench: BenchRun) throws -> [Measurement] {
        let program = try bench.build("http_floor", ["-lmicrohttpd"])
        let data = try bench.demoData("health")
        let server = try bench.serve(data)
        let floor = try bench.start(program, [])
        defer {
            server.child.stop()
            floor.child.stop()
        }
        var product: [BenchRun.Load] = [], bare: [BenchRun.Load] = []
        for _ in 0..<bench.rounds {
            bare.append(try bench.load(port: floor.port, BenchRun.Request("GET", "/api/health", host: "acme.localhost")))
            product.append(try bench.load(port: server.port, BenchRun.Request("GET", "/api/health", host: "acme.localhost")))
        }
        let failed = product.reduce(0) { $0 + $1.failed }
        let value = median(product.map(\.perSecond)), least = median(bare.map(\.perSecond))
        return [
            Measurement(
                name: "health", value: value, unit: "requests/s", floor: least, bar: "ratio at least 0.5",
                isMet: value / least >= 0.5 && failed == 0,
                more: ["p99_ms": .double(median(product.map(\.p99Milliseconds))), "failed": .int(failed)])
        ]
    }
}
