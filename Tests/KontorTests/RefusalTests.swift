import Core
import Storage
import Testing

@testable import kontor

/// Every refusal of a sale answers its code and changes nothing but the idempotency record, the refusal log and the audit.
@Suite struct RefusalTests {
    /// What a rule can do wrong, and what the answer's code is then.
    private static let wrongRules: [(code: String, body: String)] = [
        ("ledger.unbalanced", "local lines = standard(sale) lines[1].debit = lines[1].debit + lines[1].debit return lines"),
        ("ledger.account_unknown", #"local lines = standard(sale) lines[1].account = "9999" return lines"#),
        ("script.error", "return sale.nothing.at_all"),
        ("script.steps", "while true do end"),
        ("script.steps", "while true do pcall(function() while true do end end) end"),
        ("script.memory", #"local t = {} local text = string.rep("x", 1000) for i = 1, 1e9 do t[i] = text .. i end"#),
        ("script.output", #"while true do print(string.rep("x", 1000)) end"#),
        ("script.result", #"local lines = {} for i = 1, 100000 do lines[i] = { account = "1000", memo = i } end return lines"#),
    ]

    private static let mayChange: Set<String> = ["platform_idempotency_keys", "platform_refusals", "platform_audit"]

    @Test func `refused sales change nothing`() throws {
        let bench = try RefusalBench()
        func sale(_ changes: (inout Object) -> Void) throws -> Value {
            var sale = try #require(firstSale.object)
            changes(&sale)
            return .object(sale)
        }

        try bench.refuses(422, "pos.sku_unknown", field: "lines[0].sku", sale { $0["lines"] = [["sku": "NOTHING", "quantity": 1]] })
        try bench.refuses(409, "pos.out_of_stock", field: "lines[1].quantity", sale { $0["lines"] = [["sku": "RICE-5KG", "quantity": 1], ["sku": "SALT-ROCK", "quantity": 61]] })
        try bench.refuses(422, "pos.quantity_not_positive", field: "lines[0].quantity", sale { $0["lines"] = [["sku": "RICE-5KG", "quantity": 0]] })
        try bench.refuses(422, "pos.branch_unknown", field: "branch", sale { $0["branch"] = "LON-01" })
        try bench.refuses(422, "pos.payment_method_unknown", field: "payments[0].method", sale { $0["payments"] = [["method": "Shells"]] })
        try bench.refuses(422, "pos.underpaid", field: "payments", sale { $0["payments"] = [["method": "Cash", "amount": 1]] })
        try bench.refuses(422, "pos.overpaid", field: "payments[0].amount", sale { $0["payments"] = [["method": "Card", "amount": 900_000_000]] })
        try bench.refuses(422, "request.invalid", field: "lines", sale { $0["lines"] = [] })
        try bench.refuses(422, "request.invalid", field: "lines[0].quantity", sale { $0["lines"] = [["sku": "RICE-5KG", "quantity": .double(1.5)]] })
        try bench.refuses(422, "request.invalid", field: "colour", sale { $0["colour"] = "red" })
        try bench.refuses(403, "pos.backdate_not_allowed", field: "date", sale { $0["date"] = "2025-12-31" })
        // And one that is not refused, to see that the net catches something.
        #expect(try !bench.changes { _ = try bench.cashier.ask("POST", "/api/sales", firstSale) }.isEmpty)
    }

    @Test func `a closed period refuses and nothing is stored`() throws {
        let bench = try RefusalBench()
        let admin = try bench.server.caller()
        let closed = try admin.ask("POST", "/api/ledger/periods/2025-12/close", ["reason": "the month is done"])
        try #require(closed.status == 200, "\(closed.body)")
        var sale = try #require(firstSale.object)
        sale["date"] = "2025-12-31"
        try bench.refuses(423, "ledger.period_closed", .object(sale), by: bench.server.caller(user: "manager"))
    }

    @Test func `a key that comes again with another body is refused`() throws {
        let bench = try RefusalBench()
        #expect(try bench.cashier.ask("POST", "/api/sales", firstSale, key: "once").status == 201)
        var other = try #require(firstSale.object)
        other["customer_type"] = "Retail"
        try bench.refuses(409, "DUPLICATE_TRANSACTION", .object(other), key: "once")
        // The same body again is answered as before, and changes nothing.
        let changes = try bench.changes {
            let again = try bench.cashier.ask("POST", "/api/sales", firstSale, key: "once")
            #expect(again.status == 201 && again.header("idempotency-replayed") == "true")
        }
        #expect(changes.isEmpty, "\(changes)")
    }

    @Test func `a refusal sticks to its key until a new one is taken`() throws {
        let bench = try RefusalBench()
        let many: Value = try .object({
            var sale = try #require(firstSale.object)
            sale["lines"] = [["sku": "SALT-ROCK", "quantity": 61]]
            return sale
        }())
        try bench.refuses(409, "pos.out_of_stock", many, key: "sticky")
        let manager = try bench.server.caller(user: "manager")
        let received = try manager.ask(
            "POST", "/api/stock-movements", ["branch": "ACC-01", "sku": "SALT-ROCK", "quantity": 10, "reason": "receipt"])
        try #require(received.status == 201, "\(received.body)")
        let replayed = try bench.cashier.ask("POST", "/api/sales", many, key: "sticky")
        #expect(replayed.status == 409 && replayed.header("idempotency-replayed") == "true")
        #expect(try bench.cashier.ask("POST", "/api/sales", many, key: "fresh").status == 201)
    }

    @Test func `a permission that is lost is lost at once`() throws {
        let bench = try RefusalBench()
        #expect(try bench.cashier.ask("POST", "/api/sales", firstSale).status == 201)
        let admin = try bench.server.caller()
        let cashier = try #require(try admin.all("/api/users").first { $0["username"] == "cashier" }?["id"]?.int)
        let taken = try admin.ask("PUT", "/api/users/\(cashier)/roles", ["roles": []])
        try #require(taken.status == 200, "\(taken.body)")
        try bench.refuses(403, "auth.forbidden", firstSale)
    }

    @Test(arguments: wrongRules)
    func `a rule that fails changes nothing`(code: String, body: String) throws {
        let bench = try RefusalBench()
        let admin = try bench.server.caller()
        let path = "/api/scripts/Rules/posting/standard.lua"
        let source = try #require(try admin.get(path)["source"]?.string)
        // The shipped rule stays as `standard`, and the broken one calls it.
        let broken = """
            local shipped = (function() \(source) end)()
            local standard = shipped.sale
            return { contract = "pos.posting", id = "standard", sale = function(sale)
              \(body)
            end }
            """
        #expect(try admin.ask("PUT", path + "/draft", ["source": .string(broken), "message": "broken"]).status == 200)
        let published = try admin.ask("POST", path + "/publish", [:])
        try #require(published.status == 200, "\(published.body)")
        let status = code == "script.internal" ? 503 : 422
        let answer = try bench.refuses(status, code, firstSale)
        // A result that cannot cross is nobody's line; the answer then names the call.
        if code.hasPrefix("script."), code != "script.result" {
            let place = "\(answer["where"]?.string ?? "") \(answer["file"]?.string ?? "") \(answer["detail"]?.string ?? "")"
            #expect(place.contains("posting/standard.lua"), "the answer names the file: \(answer.body)")
        }
        // The neighbour does not notice.
        #expect(try bench.server.caller("globex", user: "cashier").get("/api/session").status == 200)
        // And the old rule back in force sells.
        #expect(try admin.ask("POST", path + "/rollback", ["version": 1]).status == 200)
        #expect(try bench.cashier.ask("POST", "/api/sales", firstSale).status == 201)
    }

    @Test func `a tax script that fails changes nothing`() throws {
        let bench = try RefusalBench()
        let admin = try bench.server.caller()
        let path = "/api/scripts/Rules/tax/gh-standard.lua"
        let source = try #require(try admin.get(path)["source"]?.string)
        let broken = source.replacing(lastOccurrenceOf: "}", with: "  classify = function(line) error(\"no class\") end,\n}")
        #expect(try admin.ask("PUT", path + "/draft", ["source": .string(broken), "message": "broken"]).status == 200)
        let published = try admin.ask("POST", path + "/publish", [:])
        try #require(published.status == 200, "\(published.body)")
        try bench.refuses(422, "script.error", firstSale)
    }

    /// A demo, its server and its database.
    private final class RefusalBench {
        let data: TemporaryFolder
        let server: RunningServer
        let cashier: Caller
        private let database: String

        init() throws {
            data = try Kontor.demoData()
            server = try RunningServer(data.path)
            cashier = try server.caller(user: "cashier")
            database = "\(data.path)/tenants/\(try server.demo.tenant("acme").id)/tenant.db"
            // Once, so that what is made on demand is there.
            try #require(try cashier.ask("POST", "/api/sales", firstSale).status == 201)
        }

        func changes(_ body: () throws -> Void) throws -> [String] {
            let before = try DatabaseDump(database, leavingOut: mayChange)
            try body()
            return try DatabaseDump(database, leavingOut: mayChange).differences(from: before)
        }

        @discardableResult
        func refuses(
            _ status: Int, _ code: String, field: String? = nil, _ sale: Value, key: String? = nil, by caller: Caller? = nil
        ) throws -> Caller.Answer {
            var answer: Caller.Answer?
            let changes = try changes { answer = try (caller ?? cashier).ask("POST", "/api/sales", sale, key: key) }
            let given = try #require(answer)
            #expect(given.status == status && given.code == code, "wanted \(status) \(code): \(given.status) \(given.body)")
            if let field { #expect(given["field"]?.string == field, "\(given.body)") }
            #expect(given.header("content-type")?.hasPrefix("application/problem+json") == true)
            #expect(given["request_id"]?.string?.isEmpty == false)
            #expect(changes.isEmpty, "\(code) changed the database: \(changes)")
            return given
        }
    }
}

extension String {
    fileprivate func replacing(lastOccurrenceOf mark: Character, with text: String) -> String {
        guard let place = lastIndex(of: mark) else { return self }
        return String(self[..<place]) + text + String(self[index(after: place)...])
    }
}
