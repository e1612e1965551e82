import Core
import Platform
import Storage

/// The REST interface of record types: a page of a long list beside a C program that answers the same rows, and making a
/// record beside a sale.
enum RecordBench {
    private static let rows = 100_000
    private static let filter = "tax_category=zero"

    // MARK: A page of a list

    static func list(_ bench: BenchRun) throws -> [Measurement] {
        let program = try bench.build("list_floor", ["-lmicrohttpd", "-lsqlite3", "-lpthread"])
        let data = try bench.demoData("list")
        let (tenant, cashier) = try demo(data, "cashier")
        let house = try House(data: data, home: bench.home)
        try house.instance.directory.tenant(host: tenant.domain).store.write { db in try db.execute(script: Self.fill) }
        house.close()

        let server = try bench.serve(data)
        let floor = try bench.start(program, ["\(data)/tenants/\(tenant.id)/tenant.db", select])
        defer {
            server.child.stop()
            floor.child.stop()
        }
        let request = BenchRun.Request(
            "GET", "/api/products?\(filter)&limit=50", host: tenant.domain, token: cashier.token)
        var product: [BenchRun.Load] = [], bare: [BenchRun.Load] = []
        for _ in 0..<bench.rounds {
            bare.append(try bench.load(port: floor.port, request))
            product.append(try bench.load(port: server.port, request))
        }
        let failed = (product + bare).reduce(0) { $0 + $1.failed }
        let value = median(product.map(\.perSecond)), least = median(bare.map(\.perSecond))
        return [
            Measurement(
                name: "list", value: value, unit: "pages/s", floor: least, bar: "ratio at least 0.4",
                isMet: value / least >= 0.4 && failed == 0,
                more: [
                    "rows": .int(Int64(rows)), "p99_ms": .double(median(product.map(\.p99Milliseconds))), "failed": .int(failed),
                ])
        ]
    }

    private static let fill = """
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < \(rows))
        INSERT INTO catalog_products (sku, name, price_minor, cost_minor, tax_category, created_at, created_by, updated_at)
        SELECT 'BENCH-' || n, 'Product number ' || n, 100 + n % 5000, n % 3000, iif(n % 4 = 0, 'zero', 'standard'),
          '2026-01-05T09:00:00.000Z', 0, '2026-01-05T09:00:00.000Z' FROM n
        """

    /// What the list of the product reads: one row more than it shows.
    private static let select = """
        SELECT id, version, created_at, created_by, updated_at, sku, name, price_minor AS price, cost_minor AS cost, \
        tax_category, barcode, stocked, active FROM catalog_products WHERE tax_category = 'zero' ORDER BY id LIMIT 51
        """

    // MARK: Making a record

    static func create(_ bench: BenchRun) throws -> [Measurement] {
        let home = try BenchPlugins.home(bench)
        let data = try bench.demoData("create")
        let (tenant, admin) = try demo(data, "admin")
        let cashier = try demo(data, "cashier").user
        let server = try bench.serve(data, home: home)
        defer { server.child.stop() }
        try BenchPlugins.install(BenchPlugins.hooked, port: server.port, tenant.domain, admin.token)

        let sale = BenchRun.Request("POST", "/api/sales", host: tenant.domain, token: cashier.token, body: SaleBench.sale)
        let item = BenchRun.Request(
            "POST", "/api/bench-items", host: tenant.domain, token: admin.token,
            body: ["name": "A thing of some kind", "quantity": "12.5", "price": 1250, "kind": "second", "noted_on": "2026-01-05"])
        var created: [BenchRun.Load] = [], sold: [BenchRun.Load] = []
        for _ in 0..<bench.rounds {
            sold.append(try bench.load(port: server.port, sale))
            created.append(try bench.load(port: server.port, item))
        }
        let failed = (created + sold).reduce(0) { $0 + $1.failed }
        let value = median(created.map(\.perSecond)), least = median(sold.map(\.perSecond))
        return [
            Measurement(
                name: "create", value: value, unit: "records/s", floor: least, bar: "at least 1.5 times the sales",
                isMet: value / least >= 1.5 && failed == 0,
                more: ["p99_ms": .double(median(created.map(\.p99Milliseconds))), "failed": .int(failed)])
        ]
    }

    static func demo(_ data: String, _ username: String) throws -> (tenant: DemoFile.Tenant, user: DemoFile.User) {
        guard let tenant = try DemoFile(in: data)?.tenants.first, let user = tenant.users.first(where: { $0.username == username })
        else { throw Child.Failure(description: "the demo has no \(username)") }
        return (tenant, user)
    }
}
