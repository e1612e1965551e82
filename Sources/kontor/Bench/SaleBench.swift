import Core
import Platform

/// A sale over HTTP by 64 connections, answered when it is on disk, beside a C program that does nothing but the SQL of one.
enum SaleBench {
    /// The sale of the README.
    static let sale: Value = [
        "branch": "ACC-01", "customer_type": "Walk-in",
        "lines": [["sku": "RICE-5KG", "quantity": 2], ["sku": "MILK-1L", "quantity": 1]],
        "payments": [["method": "Cash"]],
    ]

    static func run(_ bench: BenchRun) throws -> [Measurement] {
        let program = try bench.build("sale_floor", ["-lmicrohttpd", "-lsqlite3", "-lpthread"])
        let data = try bench.demoData("sale")
        guard let facts = try DemoFile(in: data), let tenant = facts.tenants.first,
            let cashier = tenant.users.first(where: { $0.username == "cashier" })
        else { throw Child.Failure(description: "the demo has no cashier") }

        let recording = try record(data, bench.home, domain: tenant.domain)
        let database = "\(data)/tenants/\(tenant.id)/tenant.db"
        let copy = "\(bench.scratch)/floor.db"
        try Files.copy(database, to: copy)
        try Files.writeAtomically("\(bench.scratch)/recording", Array(recording.program.text.utf8))
        try Files.writeAtomically("\(bench.scratch)/answer", recording.answer)

        let floor = try bench.start(program, [copy, "\(bench.scratch)/recording", "\(bench.scratch)/answer"])
        let server = try bench.serve(data)
        defer {
            server.child.stop()
            floor.child.stop()
        }
        let request = BenchRun.Request("POST", "/api/sales", host: tenant.domain, token: cashier.token, body: sale)
        var product: [BenchRun.Load] = [], bare: [BenchRun.Load] = []
        for _ in 0..<bench.rounds {
            bare.append(try bench.load(port: floor.port, request))
            product.append(try bench.load(port: server.port, request))
        }
        let failed = (product + bare).reduce(0) { $0 + $1.failed }
        let value = median(product.map(\.perSecond)), least = median(bare.map(\.perSecond))
        let p99 = median(product.map(\.p99Milliseconds))
        return [
            Measurement(
                name: "sale_http", value: value, unit: "sales/s", floor: least, bar: "ratio at least 0.4, p99 under 50 ms",
                isMet: value / least >= 0.4 && p99 < 50 && failed == 0,
                more: [
                    "p50_ms": .double(median(product.map(\.p50Milliseconds))), "p99_ms": .double(p99),
                    "floor_p99_ms": .double(median(bare.map(\.p99Milliseconds))),
                    "statements": .int(Int64(recording.program.statements.count)), "failed": .int(failed),
                ])
        ]
    }

    /// Sells in this process and writes down the statements of the last three sales.
    private static func record(_ data: String, _ home: String, domain: String) throws -> (program: Recording, answer: [UInt8]) {
        let house = try House(data: data, home: home)
        defer { house.close() }
        let tenant = try house.instance.directory.tenant(host: domain)
        var answer: [UInt8] = []
        func sell() throws {
            let (status, bytes) = try house.perform("POST", "/api/sales", at: .tenant(domain), body: JSON.serialize(sale))
            guard status == 201 else { throw Problem.answered(status, bytes, asked: "POST /api/sales") }
            answer = bytes
        }
        for _ in 0..<20 { try sell() }
        let log = StatementLog()
        try tenant.store.write { db in db.recordStatements { log.add($0) } }
        var runs: [[String]] = []
        for _ in 0..<3 {
            _ = log.take()
            try sell()
            runs.append(log.take())
        }
        try tenant.store.write { db in db.recordStatements(nil) }
        return (try Recording(runs), answer)
    }
}
