import Core
import Foundation
import Platform
import Server
import Testing

/// Laybys over HTTP, as a boutique has them: whole lives, day by day, with the books looked over by hledger at each step.
@Suite struct LaybyStoryTests {
    @Test func `a coat is put aside, paid late, held, and handed over with its order`() throws {
        let boutique = try Boutique()
        // Nobody's layby before the customer may.
        #expect(try boutique.create(customer: boutique.stranger).code == "layby.customer_not_allowed")
        let made = try boutique.create()
        try #require(made.status == 201, "\(made.text)")
        let id = try #require(made.json["id"]?.int)
        #expect(made.json["laybyNumber"] == "LAY-2026-000001" && made.json["status"] == "ACTIVE")
        #expect(made.json["totalAmount"] == 60_000 && made.json["depositAmount"] == 12_000 && made.json["balanceRemaining"] == 48_000)
        #expect(made.json["paymentDueDate"] == "2026-02-05" && made.json["installmentAmount"] == 24_000, "\(made.text)")
        #expect(try boutique.stock() == ["quantity": "15", "reserved": "5"])
        try boutique.checkBooks()

        // Three reminders for the first instalment, each by mail and by message, whatever is run twice.
        try boutique.morning(of: "2026-02-02")
        try boutique.morning(of: "2026-02-04")
        try boutique.morning(of: "2026-02-05")
        #expect(try boutique.messages("Your layby").count == 3)
        #expect(try boutique.messages("is due on 2026-02-05").count == 6)
        let client = try boutique.client()
        #expect(try client.post("/api/laybys/automation/run", [:]).status == 202)
        #expect(try client.post("/api/laybys/automation/run", [:]).status == 429)
        boutique.house.instance.scheduler.settle()
        #expect(try boutique.messages("is due on 2026-02-05").count == 6)

        // It is paid on the day, in part too little, so that a fee comes the day after; once.
        #expect(try boutique.pay(id, 23_000, key: "p1").json["balanceRemaining"] == 25_000)
        #expect(try boutique.pay(id, 23_000, key: "p1").header("idempotency-replayed") == "true")
        try boutique.checkBooks()
        for day in ["2026-02-06", "2026-02-07", "2026-02-12"] { try boutique.morning(of: day) }
        var layby = try boutique.read(id)
        #expect(layby["lateFee"] == 500 && layby["totalFees"] == 500 && layby["balanceRemaining"] == 25_500, "\(layby)")
        #expect(try boutique.messages("late fee").count == 2)
        try boutique.checkBooks()

        // On hold nothing is sent or charged; what is due moves on.
        #expect(try boutique.step(id, "hold", ["reason": "Abroad"]).status == 200)
        let silent = try boutique.messages("").count
        for day in ["2026-02-20", "2026-03-05", "2026-03-10"] { try boutique.morning(of: day) }
        #expect(try boutique.messages("").count == silent)
        let active = try boutique.step(id, "reactivate")
        #expect(active.json["status"] == "ACTIVE" && active.json["paymentDueDate"] == "2026-03-03", "\(active.text)")
        let audit = try boutique.client().get("/api/audit").json["items"]?.array ?? []
        #expect(audit.contains { $0["action"] == "layby.customer_layby.updated" && $0["after"]?["status"] == "ACTIVE" }, "\(audit.first ?? .null)")

        // Not yet paid: not handed over. Then it is, with the last payment, by the terms of clothes.
        let early = try boutique.step(id, "complete")
        #expect(early.status == 409 && early.code == "layby.balance_due" && early.json["params"]?["amountDue"] == 25_500, "\(early.text)")
        let last = try boutique.pay(id, 30_000)
        #expect(last.json["status"] == "COMPLETED" && last.json["credited"] == 4_500, "\(last.text)")
        layby = try boutique.read(id)
        #expect(layby["itemsReleased"] == true && layby["completedAt"]?.string != nil && layby["balanceRemaining"] == 0)
        let orders = try boutique.client().get("/api/business-orders").json["items"]?.array ?? []
        #expect(orders.count == 1 && orders[0]["orderNumber"] == layby["orderNumber"] && orders[0]["net"] == 50_000 && orders[0]["tax"] == 10_000)
        #expect(try boutique.step(id, "complete").status == 409)
        #expect(try boutique.stock() == ["quantity": "15", "reserved": "0"])
        try boutique.checkBooks()
        // What was put aside for laybys is owed to nobody now, but for what was paid too much.
        #expect(try boutique.balance("2300") == 0)
        #expect(try boutique.balance("2310") == 4_500)
        #expect(try boutique.balance("4000") == 50_000 && boutique.balance("4100") == 500)
    }

    @Test func `payments are missed until it is defaulted, another is cancelled, and the books agree`() throws {
        let boutique = try Boutique()
        let first = try #require(try boutique.create().json["id"]?.int)
        let second = try #require(try boutique.create(quantity: 2).json["id"]?.int)
        for day in ["2026-02-06", "2026-03-05"] { try boutique.morning(of: day) }
        #expect(try boutique.read(first)["status"] == "ACTIVE")

        // What cancelling would cost is told before, and charged as told: 10 % of 240.00.
        let told = try boutique.client().get("/api/laybys/\(second)/cancellation").json
        #expect(told["cancellationFee"] == 2_400 && told["refundAmount"] == 1_900, "\(told)")
        let cancelled = try boutique.step(second, "cancel", ["reason": "Changed her mind", "expectedRefund": 1_900])
        #expect(cancelled.json["status"] == "CANCELLED" && cancelled.json["cancelledAt"]?.string != nil, "\(cancelled.text)")
        #expect(try boutique.stock() == ["quantity": "15", "reserved": "5"])
        try boutique.checkBooks()

        // The second payment is missed: defaulted, told, and the goods are on sale again.
        try boutique.morning(of: "2026-03-06")
        let gone = try boutique.read(first)
        #expect(gone["status"] == "DEFAULTED" && gone["cancellationFee"] == 6_000 && gone["refundAmount"] == 5_500, "\(gone)")
        #expect(try boutique.messages("missed").count == 2)
        #expect(try boutique.stock() == ["quantity": "20", "reserved": "0"])
        try boutique.checkBooks()
        #expect(try boutique.balance("2300") == 0 && boutique.balance("2310") == 5_500)
        for report in ["check_balance", "check_completed", "check_payments"] {
            #expect(try boutique.client().get("/api/reports/layby.\(report)").json["items"] == [], "\(report)")
        }
        let status = try boutique.client().get("/api/laybys/automation/status").json
        #expect(status["errors"] == 0 && status["lastRun"]?["defaults"] == 1, "\(status)")
    }

    @Test func `a scrape after a day of business has what monitoring asks for`() throws {
        let boutique = try Boutique()
        let id = try #require(try boutique.create().json["id"]?.int)
        _ = try boutique.create(quantity: 1)
        try boutique.morning(of: "2026-02-04")
        _ = try boutique.pay(id, 23_000, key: "p1")
        _ = try boutique.client().get("/api/laybys/999999")
        let text = try boutique.house.anonymous("127.0.0.1").get("/metrics").text
        let tenant = #"tenant="\#(boutique.house.acme.domain)",tenant_id="\#(boutique.house.acme.id)""#
        for line in [
            // Response times, error rates, the databases' statements.
            #"kontor_http_request_seconds_count{method="POST",path="/api/laybys"} 2"#,
            #"kontor_http_requests_total{method="GET",path="/api/laybys/{id}",status="4xx"} 1"#,
            "kontor_statement_seconds_total ", "kontor_slow_statements_total 0",
            // Of the plugin: what runs, what was paid on the day, how the automation fared.
            "# TYPE layby_active gauge", "layby_active{\(tenant)} 2", "layby_payments_today{\(tenant),currency=\"GHS\"} 230.00",
            "layby_automation_success_ratio{\(tenant)} 1\n",
        ] {
            #expect(text.contains(line), "\(line) in \(text)")
        }
        // A minute long it stays; the next day has its own sum.
        _ = try boutique.pay(id, 1_000, key: "p2")
        #expect(try boutique.house.anonymous("127.0.0.1").get("/metrics").text.contains("} 230.00"))
        boutique.house.advance(seconds: 60)
        #expect(try boutique.house.anonymous("127.0.0.1").get("/metrics").text.contains("} 240.00"))
        boutique.house.advance(seconds: 86_400)
        _ = try boutique.client().get("/api/session")
        #expect(try boutique.house.anonymous("127.0.0.1").get("/metrics").text.contains("layby_payments_today{\(tenant),currency=\"GHS\"} 0.00"))
    }

    @Test func `a late fee that is changed at noon is for laybys that are made after it`() throws {
        let boutique = try Boutique()
        let old = try #require(try boutique.create(quantity: 1).json["id"]?.int)
        try boutique.publish("Rules/layby/clothing.lua") { $0.replacing(#"late_fee_amount = "5.00""#, with: #"late_fee_amount = "7.00""#) }
        let made = try boutique.create(quantity: 1).json
        let new = try #require(made["id"]?.int)
        #expect(made["ruleVersion"] == "Rules/layby/clothing.lua@2")
        #expect(try boutique.read(old)["ruleVersion"] == "Rules/layby/clothing.lua@1")
        // A fee that depends on the case is pinned as well, function and all.
        try boutique.publish("Rules/layby/clothing.lua") {
            $0.replacing(#"late_fee_amount = "7.00""#, with: #"late_fee_amount = function(layby, days) return layby.total_amount:mul(days) end"#)
        }
        let third = try #require(try boutique.create(quantity: 1).json["id"]?.int)
        try boutique.publish("Rules/layby/clothing.lua") { $0.replacing("layby.total_amount:mul(days)", with: #"money "0.01""#) }
        try boutique.morning(of: "2026-02-06")
        #expect(try boutique.read(old)["lateFee"] == 500)
        #expect(try boutique.read(new)["lateFee"] == 700)
        // The total of 120.00 for one day, and no more than the 24.00 that were paid.
        #expect(try boutique.read(third)["lateFee"] == 2_400)
        try boutique.checkBooks()
        // A default outside its own bounds is refused on save, with its field, and the old version stays.
        let client = try boutique.client()
        let source = try client.get("/api/scripts/Rules/layby/clothing.lua").json["source"]?.string ?? ""
        let broken = source.replacing("min = 20", with: "min = 25")
        let draft = try client.send("PUT", "/api/scripts/Rules/layby/clothing.lua/draft", ["source": .string(broken), "message": "25 %"])
        let published = try client.post("/api/scripts/Rules/layby/clothing.lua/publish", [:])
        #expect(draft.status == 422 || published.status == 422, "\(draft.text) \(published.text)")
        #expect(draft.text.contains("deposit_percent.default") || published.text.contains("deposit_percent.default"), "\(draft.text) \(published.text)")
        #expect(try boutique.create(quantity: 1).json["ruleVersion"] == "Rules/layby/clothing.lua@4")
    }

    @Test func `a schedule that is switched off is told at once, and as late after 25 hours`() throws {
        let boutique = try Boutique()
        let id = try #require(try boutique.create(quantity: 1).json["id"]?.int)
        try boutique.morning(of: "2026-01-07")
        func state(_ path: String = "/api/laybys/automation/status") throws -> Value { try boutique.client().get(path).json }
        var told = try state()
        #expect(told["enabled"] == true && told["nextRunAt"] == "2026-01-08T06:00:00.000Z", "\(told)")
        #expect(told["lastRun"]?["trigger"] == "SCHEDULE" && told["late"] == false, "\(told)")

        // The shop's own schedule stands in the place of the one that came with the plugin.
        try boutique.publishNew(
            "Rules/schedules/laybys.lua",
            #"return { contract = "schedule", id = "laybys", job = "layby.automation", cron = "30 7 * * *", enabled = false }"#)
        for path in ["/api/laybys/automation", "/api/laybys/automation/status"] {
            told = try state(path)
            #expect(told["enabled"] == false && told["scheduleEnabled"] == false && told["schedule"] == "30 7 * * *", "\(told)")
            #expect(told["nextRunAt"] == .null && told["errors"] == 0 && told["late"] == false, "\(told)")
        }
        try boutique.morning(of: "2026-01-09")
        told = try state()
        #expect(told["late"] == true && told["errors"] == 1, "\(told)")
        // By hand it runs all the same, and says so.
        #expect(try boutique.client().post("/api/laybys/automation/run", [:]).status == 202)
        boutique.house.instance.scheduler.settle()
        told = try state()
        #expect(told["late"] == false && told["errors"] == 0 && told["lastRun"]?["trigger"] == "HAND", "\(told)")
        #expect(try boutique.read(id)["creator"]?["username"] == "admin")
    }

    @Test(arguments: [true, false])
    func `trials go from a sandbox without a trace, and stay in a live business`(inSandbox: Bool) throws {
        let boutique = try Boutique(inSandbox: inSandbox)
        #expect(try boutique.client().get("/api/session").json["tenant"]?["sandbox"] == .bool(inSandbox))
        let (stock, books) = (try boutique.stock(), try boutique.balances())
        try boutique.number(as: "LAY-TEST-{year}-{seq:6}")
        let ids = try (0..<4).map { _ in try #require(try boutique.create(quantity: 1).json["id"]?.int) }
        // One is paid too much and handed over, one pays with what is left of that, one is cancelled.
        #expect(try boutique.pay(ids[0], 12_000).json["status"] == "COMPLETED")
        let paid = try boutique.client().post("/api/laybys/\(ids[1])/payments", ["amount": 1_000, "paymentMethod": "Customer Credit"])
        #expect(paid.status == 201, "\(paid.text)")
        #expect(try boutique.step(ids[2], "cancel").status == 200)
        try boutique.number(as: "LAY-{year}-{seq:6}")
        let real = try #require(try boutique.create(quantity: 2).json["id"]?.int)
        let removed = try boutique.client().post("/api/laybys/test-data/remove", [:])
        if !inSandbox {
            #expect(removed.status == 409 && removed.code == "layby.posted", "\(removed.text)")
            for id in ids { #expect(try boutique.client().get("/api/laybys/\(id)").status == 200) }
            return
        }
        #expect(removed.status == 200 && removed.json == ["removed": 4, "remaining": 0], "\(removed.text)")
        for id in ids { #expect(try boutique.client().get("/api/laybys/\(id)").status == 404) }
        #expect(try boutique.step(real, "cancel").status == 200)
        #expect(try boutique.stock() == stock)
        #expect(try boutique.client().get("/api/customer-credits").json["items"]?.array?.allSatisfy { $0["balance"] == 0 } == true)
        // The fee of the real one is all that is left in the books: 10 % of 240.00, taxes in it.
        var left = try boutique.balances()
        for (account, amount) in ["1000": 2_400, "4100": 2_000, "2100": 300, "2110": 50, "2120": 50] as [String: Int64] { left[account, default: 0] -= amount }
        #expect(left.filter { $0.value != 0 } == books)
        try boutique.checkBooks()
    }

    @Test func `a session, the acting user, a permission and membership are all wanted`() throws {
        let boutique = try Boutique()
        let id = try #require(try boutique.create().json["id"]?.int)
        #expect(try boutique.house.anonymous().get("/api/laybys/\(id)").status == 401)
        try boutique.house.user("efua", roles: ["layby_standard"])
        let efua = try boutique.house.client("efua")
        #expect(try efua.get("/api/laybys/\(id)", headers: [("x-user-id", "1")]).status == 403)
        #expect(try efua.get("/api/laybys/\(id)").status == 200)
        #expect(try efua.post("/api/laybys/\(id)/cancel", [:]).status == 403)
        try boutique.house.user("kojo")
        #expect(try boutique.house.client("kojo").get("/api/laybys/\(id)").status == 403)
        // A member of nothing but another branch.
        let other = try #require(try boutique.client().post("/api/branches", ["code": "KSI-01", "name": "Kumasi", "business_type": "clothing"]).json["id"]?.int)
        let made = try boutique.client().post(
            "/api/users", ["username": "ama", "name": "Ama", "roles": ["layby_manager"], "all_branches": false, "branch_ids": [.int(other)]])
        try #require(made.status == 201, "\(made.text)")
        let ama = try boutique.house.client("ama")
        let refused = try ama.get("/api/laybys/\(id)")
        #expect(refused.status == 403 && refused.code == "layby.not_a_member", "\(refused.text)")
        #expect(try ama.get("/api/laybys").json["items"] == [])
        // Another tenant has no such thing.
        let globex = try boutique.house.client(at: boutique.house.globex)
        #expect(try globex.get("/api/laybys/\(id)").status == 404)
    }
}

/// A clothing shop in Accra with 20 coats at 100.00 and a customer who may take laybys.
private final class Boutique {
    let house: TestHouse
    /// nil for acme.
    private let tenant: Tenant?
    let branch: Int64
    let customer: Int64
    let stranger: Int64
    let coat: Int64

    init(inSandbox: Bool = false) throws {
        house = try TestHouse(home: TestHouse.shippedHome)
        if inSandbox {
            let made = try house.operatorClient().post("/api/tenants", [
                "name": "Trials", "domain": "trials.localhost", "currency": "GHS", "country": "GH", "time_zone": "Africa/Accra", "sandbox": true,
                "administrator": ["username": "admin", "password": .string(TestHouse.password), "must_change_password": false],
            ])
            try #require(made.status == 201 && made.json["sandbox"] == true, "\(made.text)")
            tenant = try house.instance.directory.tenant(id: made.json["id"]?.int ?? 0)
        } else {
            tenant = nil
        }
        let client = try house.client(at: tenant)
        for plugin in ["accounting", "catalog", "pos", "layby"] {
            let answer = try client.post("/api/plugins", ["name": .string(plugin)])
            try #require(answer.status == 200, "\(answer.text)")
        }
        func make(_ path: String, _ body: Value) throws -> Int64 {
            let answer = try client.post(path, body)
            try #require(answer.status == 201, "\(path): \(answer.text)")
            return answer.json["id"]?.int ?? 0
        }
        branch = try make("/api/branches", ["code": "ACC-01", "name": "Osu Boutique", "business_type": "clothing"])
        customer = try make("/api/customers", ["name": "Akosua", "phone": "+233200000001", "email": "akosua@example.com", "allowLayby": true])
        stranger = try make("/api/customers", ["name": "Kwesi"])
        coat = try make("/api/products", ["sku": "COAT", "name": "Coat", "price": 10_000, "cost": 6_000, "tax_category": "standard"])
        _ = try make("/api/stock-movements", ["branch": "ACC-01", "sku": "COAT", "quantity": 20, "reason": "opening"])
        // From now on the schedules are looked at.
        house.instance.scheduler.settle()
    }

    /// Tokens last for some weeks only: a new one for each call of a story that takes months.
    func client() throws -> WebClient { try house.client(at: tenant) }

    /// How laybys are numbered from now on.
    func number(as format: String) throws {
        let changed = try client().send("PATCH", "/api/sequences/layby.layby", ["format": .string(format), "reason": "test"])
        try #require(changed.status == 200, "\(changed.text)")
    }

    /// What is not zero, by account.
    func balances() throws -> [String: Int64] {
        let rows = try client().get("/api/ledger/trial-balance").json["items"]?.array ?? []
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["account"]?.string ?? "", $0["balance"]?.int ?? 0) }).filter { $0.value != 0 }
    }

    func create(quantity: Int64 = 5, customer: Int64? = nil) throws -> WebClient.Answer {
        try client().post("/api/laybys", [
            "businessId": .int(branch), "customerId": .int(customer ?? self.customer),
            "items": [["productId": .int(coat), "quantity": .int(quantity)]], "installmentCount": 2,
        ])
    }

    func read(_ id: Int64) throws -> Value { try client().get("/api/laybys/\(id)").json }
    func step(_ id: Int64, _ name: String, _ body: Value = [:]) throws -> WebClient.Answer { try client().post("/api/laybys/\(id)/\(name)", body) }
    func pay(_ id: Int64, _ amount: Int64, key: String? = nil) throws -> WebClient.Answer {
        try client().post("/api/laybys/\(id)/payments", ["amount": .int(amount), "paymentMethod": "Cash"], key: key)
    }

    func publish(_ path: String, _ change: (String) -> String) throws {
        let client = try client()
        let source = try client.get("/api/scripts/\(path)").json["source"]?.string ?? ""
        let draft = try client.send("PUT", "/api/scripts/\(path)/draft", ["source": .string(change(source)), "message": "test"])
        #expect(draft.status == 200, "\(draft.text)")
        let published = try client.post("/api/scripts/\(path)/publish", [:])
        #expect(published.status == 200, "\(published.text)")
    }

    func publishNew(_ path: String, _ source: String) throws {
        let draft = try client().send("PUT", "/api/scripts/\(path)/draft", ["source": .string(source), "message": "test"])
        #expect(draft.status == 200, "\(draft.text)")
        let published = try client().post("/api/scripts/\(path)/publish", [:])
        #expect(published.status == 200, "\(published.text)")
    }

    /// Goes to that day, nine o'clock, and lets the jobs do what was due by then.
    func morning(of day: String) throws {
        house.clock.set(try Instant("\(day)T09:00:00Z"))
        house.instance.scheduler.settle()
    }

    /// The mails and messages that have this in their subject or text.
    func messages(_ part: String) throws -> [Value] {
        let items = try client().get("/api/outbox?limit=200").json["items"]?.array ?? []
        return try items.compactMap { try client().get("/api/outbox/\($0["id"]?.int ?? 0)").json["payload"] }.filter { payload in
            part.isEmpty || [payload["subject"], payload["text"]].contains { $0?.string?.contains(part) ?? false }
        }
    }

    func stock() throws -> [String: String] {
        let level = try client().get("/api/stock-levels").json["items"]?[0]
        return ["quantity": level?["quantity"]?.string ?? "", "reserved": level?["reserved"]?.string ?? ""]
    }

    /// Minor units on the account's normal side.
    func balance(_ account: String) throws -> Int64 {
        let rows = try client().get("/api/ledger/trial-balance").json["items"]?.array ?? []
        return rows.first { $0["account"]?.string == account }?["balance"]?.int ?? 0
    }

    /// Our own checks, and hledger's of the exported journal.
    func checkBooks() throws {
        let client = try client()
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
        let journal = try client.get("/api/ledger/export?format=hledger")
        #expect(journal.status == 200)
        let file = "\(house.folder)/books.journal"
        try Files.writeAtomically(file, journal.body)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["hledger", "-f", file, "check", "-s", "ordereddates"]
        process.environment = ["LC_ALL": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": house.folder]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "hledger: \(complaint.prefix(500))")
    }
}
