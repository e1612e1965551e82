import Core
import Ledger
import Platform
import Scripting
import Storage
import TestSupport

/// A tenant with the shipped plugins, a branch, two products and stock: calls go through its revision as the server's do.
final class Shop: Sendable {
    let house: TestHouse
    let tenant: Tenant
    let cashier: Principal
    let manager: Principal

    static let home = Repository.home

    /// - Parameter further: plugins that are installed beside those for selling.
    init(_ house: TestHouse? = nil, atGlobex: Bool = false, further: [String] = []) throws {
        let house = try house ?? TestHouse()
        self.house = house
        let tenant = atGlobex ? house.globex : house.acme
        self.tenant = tenant
        cashier = Principal(kind: .user, userID: 1, username: "kofi", permissions: ["pos.sell", "pos.view"])
        manager = Principal(kind: .user, userID: 1, username: "admin", permissions: ["*"])
        let clock = house.clock
        let actor = house.actor
        let shipped = Shipped(home: Self.home)
        for plugin in ["accounting", "catalog", "pos"] + further {
            let revision = try tenant.store.write { db in
                try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(
                    files: try shipped.plugin(plugin), shippedRules: try shipped.rules())
            }
            tenant.revisionSlot.publish(revision)
        }
        _ = try tenant.store.write { db in
            try Branches.create(db, actor, code: "ACC-01", name: "Accra")
        }
        try add("RICE-5KG", price: 5_000, cost: 3_000)
        try add("MILK-1L", price: 1_250, cost: 800)
        try add("BOOK", price: 2_000, cost: 1_000, category: "exempt")
    }

    func add(_ sku: String, price: Int64, cost: Int64, category: String = "standard", quantity: Int64 = 100) throws {
        _ = try call(.post, "/api/products", [
            "sku": .string(sku), "name": .string(sku), "price": .int(price), "cost": .int(cost), "tax_category": .string(category),
        ])
        _ = try call(.post, "/api/stock-movements", [
            "branch": "ACC-01", "sku": .string(sku), "quantity": .int(quantity), "reason": "opening",
        ])
    }

    func call(
        _ method: Endpoint.Method, _ path: String, _ body: Value = [:], as principal: Principal? = nil,
        query: [(String, String)] = [], ifMatch: String? = nil, bytes: [UInt8] = []
    ) throws -> Reply {
        let principal = principal ?? manager
        guard let revision = tenant.revisionSlot.current else { throw Problem(500, "test", "no revision") }
        let router = Router<Endpoint>(revision.endpoints + PlatformEndpoints.tenant)
        guard case .found(let endpoint, let parameters) = router.match(method, path) else {
            throw Problem(404, "test.no_route", "\(method.rawValue) \(path)")
        }
        try Authorization.check(principal, endpoint)
        let body = try endpoint.documentation.input?.read(body, currency: tenant.currency) ?? body
        nonisolated(unsafe) let call = Call(
            endpoint: endpoint, instance: house.instance, tenant: tenant, revision: revision, principal: principal,
            parameters: parameters, query: query.map { (name: $0.0, value: $0.1) }, body: body, bodyBytes: bytes, ifMatch: ifMatch,
            requestID: "r1", now: house.now)
        let store = tenant.store
        if endpoint.execution == .worker { return try ScriptThread.run { try endpoint.handle(call) } }
        if endpoint.execution == .read {
            return try ScriptThread.run { try store.read { db in try call.with(db) { try endpoint.handle(call).whole(call) } } }
        }
        let reply = try store.write { db in try call.with(db) { try endpoint.handle(call) } }
        call.runAfterCommit()
        return reply
    }

    func sell(_ body: Value, as principal: Principal? = nil) throws -> Value {
        try call(.post, "/api/sales", body, as: principal ?? cashier).value
    }

    static let sale: Value = [
        "branch": "ACC-01", "customer_type": "Walk-in",
        "lines": [["sku": "RICE-5KG", "quantity": 2], ["sku": "MILK-1L", "quantity": 1]],
        "payments": [["method": "Cash"]],
    ]

    /// Puts another text of a rule file in force.
    func publish(_ path: String, _ change: (String) -> String) throws -> Value {
        let source = try call(.get, "/api/scripts/\(path)").json["source"]?.string ?? ""
        _ = try call(.put, "/api/scripts/\(path)/draft", ["source": .string(change(source)), "message": "test"])
        return try call(.post, "/api/scripts/\(path)/publish").json
    }

    func verifiesBooks() throws -> Bool {
        let clock = house.clock
        return try tenant.store.read { db in try db.ledger(clock: clock).trialBalance().totals.allSatisfy { $0.debits == $0.credits } }
    }
}

extension Reply {
    /// With what is streamed as bytes.
    fileprivate func whole(_ call: Call) throws -> Reply {
        guard case .stream(let type, let write) = body else { return self }
        var bytes: [UInt8] = []
        try write(call) { bytes += $0 }
        return Reply(status, bytes: bytes, contentType: type, headers: headers)
    }

    /// The body as a value, however it was made.
    var value: Value {
        switch body {
        case .json(let value): value
        case .bytes(let bytes, _): (try? JSON.parse(bytes)) ?? .null
        default: .null
        }
    }
}
