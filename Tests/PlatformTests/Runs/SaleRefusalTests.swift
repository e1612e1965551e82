import Core
import Ledger
import Platform
import Testing

/// Every refusal of a sale answers its code and changes nothing.
@Suite struct SaleRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let code: String
        var status = 422
        var field: String?
        let body: Value

        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "unknown sku", code: "pos.sku_unknown", field: "lines[1].sku", body: Shop.basket(["MILK-1L": 1, "NOPE": 1])),
        Case(name: "quantity of zero", code: "pos.quantity_not_positive", field: "lines[0].quantity", body: Shop.basket(["MILK-1L": 0])),
        Case(
            name: "quantity below zero", code: "pos.quantity_not_positive", field: "lines[1].quantity",
            body: Shop.basket(["RICE-5KG": 1, "MILK-1L": -1])),
        Case(
            name: "quantity finer than stock is kept", code: "record.invalid", field: "lines[0].quantity",
            body: Shop.basket(["RICE-5KG": "0.0001"])),
        Case(
            name: "more than is on hand", code: "pos.out_of_stock", status: 409, field: "lines[1].quantity",
            body: Shop.basket(["RICE-5KG": 1, "MILK-1L": 101])),
        Case(
            name: "more than is on hand, over two lines", code: "pos.out_of_stock", status: 409, field: "lines[1].quantity",
            body: Shop.basket(["MILK-1L": 60, "MILK-1L": 41])),
        Case(
            name: "unknown branch", code: "pos.branch_unknown", field: "branch",
            body: [
                "branch": "NOWHERE", "lines": [["sku": "MILK-1L", "quantity": 1]], "payments": [["method": "Cash"]],
            ]),
        Case(
            name: "unknown payment method", code: "pos.payment_method_unknown", field: "payments[0].method",
            body: Shop.basket(["MILK-1L": 1], payments: [["method": "Shells"]])),
        Case(
            name: "overpaid by card", code: "pos.overpaid", field: "payments[0].amount",
            body: Shop.basket(["MILK-1L": 1], payments: [["method": "Card", "amount": 1501]])),
        Case(
            name: "underpaid", code: "pos.underpaid", field: "payments",
            body: Shop.basket(["MILK-1L": 1], payments: [["method": "Cash", "amount": 1499]])),
        Case(
            name: "a second payment when nothing is due", code: "pos.payment_not_positive", field: "payments[1].amount",
            body: Shop.basket(["MILK-1L": 1], payments: [["method": "Cash"], ["method": "Card"]])),
        Case(
            name: "unknown customer", code: "record.reference_unknown", field: "customer",
            body: [
                "branch": "ACC-01", "customer": 99, "lines": [["sku": "MILK-1L", "quantity": 1]], "payments": [["method": "Cash"]],
            ]),
        Case(
            name: "a day to come", code: "pos.date_in_future", field: "date", body: Shop.basket(["MILK-1L": 1], date: "2026-01-06")),
        Case(
            name: "a floating-point quantity", code: "request.invalid", field: "lines[0].quantity",
            body: Shop.basket(["MILK-1L": .double(1.5)])),
        Case(name: "no lines", code: "request.invalid", field: "lines", body: Shop.basket([:])),
        Case(name: "no payments", code: "request.invalid", field: "payments", body: Shop.basket(["MILK-1L": 1], payments: [])),
        Case(
            name: "a word that is not known", code: "request.invalid", field: "lines[0].price",
            body: [
                "branch": "ACC-01", "lines": [["sku": "MILK-1L", "quantity": 1, "price": 1]], "payments": [["method": "Cash"]],
            ]),
    ]

    @Test(arguments: cases) func `a sale is refused and changes nothing`(_ one: Case) throws {
        let shop = try Shop()
        try shop.refuses(one.code, status: one.status, field: one.field) { try shop.sell(one.body, as: shop.manager) }
        // No number was lost either.
        #expect(try shop.sell(Shop.sale)["invoice_number"] == "INV-2026-000001")
    }

    // MARK: Who, where, when

    @Test func `an inactive product is not sold`() throws {
        let shop = try Shop()
        let milk = try shop.get("/api/products", query: [("sku", "MILK-1L")])["items"]?[0]?["id"]?.int ?? 0
        _ = try shop.call(.patch, "/api/products/\(milk)", ["active": false])
        try shop.refuses("pos.sku_unknown", field: "lines[1].sku") { try shop.sell(Shop.sale) }
    }

    @Test func `an inactive branch sells nothing`() throws {
        let shop = try Shop()
        try shop.closeBranch()
        try shop.refuses("pos.branch_inactive", field: "branch") { try shop.sell(Shop.sale) }
    }

    @Test func `who is not a member of the branch sells nothing there`() throws {
        let shop = try Shop()
        var stranger = shop.cashier
        stranger.branchIDs = [7]
        try shop.refuses("pos.not_a_member", status: 403, field: "branch") { try shop.sell(Shop.sale, as: stranger) }
    }

    @Test func `who may not sell sells nothing`() throws {
        let shop = try Shop()
        var viewer = shop.cashier
        viewer.permissions = ["pos.view"]
        try shop.refuses("auth.forbidden", status: 403) { try shop.sell(Shop.sale, as: viewer) }
    }

    @Test func `an earlier date takes a permission`() throws {
        let shop = try Shop()
        let body = Shop.basket(["MILK-1L": 1], date: "2026-01-04")
        try shop.refuses("pos.backdate_not_allowed", status: 403, field: "date") { try shop.sell(body) }
        #expect(try shop.sell(body, as: shop.manager)["total"] == 1500)
    }

    @Test func `a closed month takes no sale`() throws {
        let shop = try Shop()
        try shop.changeLedger { ledger, actor in try ledger.closePeriod(CalendarMonth("2025-12"), reason: "done", actor: actor) }
        let body = Shop.basket(["MILK-1L": 1], date: "2025-12-31")
        try shop.refuses("ledger.period_closed", status: 423) { try shop.sell(body, as: shop.manager) }
    }

    @Test func `a month before the books takes no sale`() throws {
        let shop = try Shop()
        let body = Shop.basket(["MILK-1L": 1], date: "2025-11-30")
        try shop.refuses("ledger.period_missing") { try shop.sell(body, as: shop.manager) }
    }

    // MARK: Rules that are wrong

    static let wrongPostings: [(String, String, String, Int)] = [
        // One pesewa too much revenue.
        (#"credit = sale.subtotal }"#, #"credit = sale.subtotal + money.of(1) }"#, "ledger.unbalanced", 422),
        (#"account = "4000""#, #"account = "4999""#, "ledger.account_unknown", 422),
        ("return lines", "return {}", "ledger.too_few_lines", 422),
        ("return lines", "return nil", "ledger.too_few_lines", 422),
        ("return lines", #"return "all of it""#, "script.argument", 422),
        (#"credit = sale.subtotal }"#, "credit = 11250 }", "script.argument", 422),
        ("return lines", #"reject { code = "house.no", field = "total", http = 409 }"#, "house.no", 409),
    ]

    @Test(arguments: wrongPostings)
    func `a wrong posting rule stops the sale`(_ old: String, _ new: String, _ code: String, _ status: Int) throws {
        let shop = try Shop()
        _ = try shop.publish("Rules/posting/standard.lua") { $0.replacing(old, with: new) }
        try shop.refuses(code, status: status) { try shop.sell(Shop.sale) }
    }

    static let wrongTaxRules: [(String, String)] = [
        (#"error("no rate for this")"#, "script.error"),
        ("line.shelf.row = 1", "script.error"),
        ("return 5", "tax.unclassified"),
        ("return nil", "tax.unclassified"),
        ("return {}", "tax.unclassified"),
        (#"return """#, "tax.unclassified"),
        // Budgets. None can be caught.
        ("while true do end", "script.steps"),
        ("while true do pcall(function() while true do end end) end", "script.steps"),
        (#"local t = {} for i = 1, 1e6 do t[i] = ("x"):rep(10000) .. i end"#, "script.memory"),
        (#"local s = "x" while true do s = s .. s end"#, "script.memory"),
        ("while true do pcall(date.today) end", "script.host_limit"),
        (#"while true do pcall(record.count, "catalog.product") end"#, "script.reads"),
        (#"while true do pcall(log.info, ("x"):rep(1000)) end"#, "script.output"),
        (#"while true do pcall(print, ("x"):rep(1000)) end"#, "script.output"),
        (#"return ("x"):rep(2 << 20)"#, "script.result"),
        (#"local kind = rules.get("tax", "gh.standard").classify(line) return kind"#, "script.depth"),
    ]

    @Test(arguments: wrongTaxRules)
    func `a wrong tax rule stops the sale`(_ text: String, _ code: String) throws {
        let shop = try Shop()
        _ = try shop.publish("Rules/tax/gh-standard.lua") {
            $0.replacing("return line.product.tax_category", with: "\n    \(text)\n ")
        }
        let problem = try shop.refuses(code) { try shop.sell(Shop.sale) }
        if code.hasPrefix("script."), code != "script.result" {
            // The comments and the table above it are 30 lines: the author is told where.
            let place = problem?.extra.first { $0.0 == "where" }?.1.string
            #expect(place == "Rules/tax/gh-standard.lua:31" || place == nil && problem?.detail.contains(":31") == true, "\(problem?.description ?? "") \(place ?? "")")
        }
        // The old rule serves again at once.
        _ = try shop.call(.post, "/api/scripts/Rules/tax/gh-standard.lua/rollback", ["version": 1])
        #expect(try shop.sell(Shop.sale)["invoice_number"] == "INV-2026-000001")
    }

    @Test func `a country without a tax profile sells nothing`() throws {
        let shop = try Shop()
        _ = try shop.publish("Rules/tax/gh-standard.lua") { $0.replacing(#"country = "GH""#, with: #"country = "TG""#) }
        try shop.refuses("tax.no_profile") { try shop.sell(Shop.sale) }
    }

    // MARK: Rules that are refused

    /// As the profile has it.
    private static let classify = """
        classify = function(line)
            if line.fee == "late" then return "outside" end
            return line.product.tax_category
          end
        """

    static let refusedProfiles: [(String, String, String, String?, Int?)] = [
        ("return {", "return {{", "script.compile", nil, nil),
        (#"id = "gh.standard","#, "", "script.contract", "id", 5),
        (#"country = "GH","#, "country = 5,", "script.contract", "country", 9),
        (#"prices = "exclusive""#, #"prices = "both""#, "script.contract", "prices", 10),
        (#"{ "NHIL",    rate = "0.025", base = { "net" }, from = "2026-01-01""#, #"{ "NHIL",    rate = 0.025, base = { "net" }, from = "2026-01-01""#, "script.contract", "components[2].rate", 14),
        (#"rate = "0.01","#, #"rate = "-0.01","#, "script.contract", "components[5].rate", 17),
        (#"rate = "0.01","#, #"rate = "eleven","#, "script.contract", "components[5].rate", 17),
        (#"rate = "0.01","#, "", "script.contract", "components[5].rate", 17),
        (#"rate = "0.01","#, #"rate = "0.01", rte = 1,"#, "script.contract", "components[5].rte", 17),
        (#"base = { "net", "NHIL", "GETFUND", "COVID" }"#, #"base = { "net", "LEVY" }"#, "script.contract", "components[6].base", 18),
        (#"from = "2021-05-01", to = "2025-12-31", account = "2130""#, #"from = "1 May", to = "2025-12-31", account = "2130""#, "script.contract", "components[5].from", 17),
        (#"taxed = { "standard" }"#, #"taxed = "standard""#, "script.contract", "taxed", 23),
        (#"taxed = { "standard" }"#, #"taxed = { 5 }"#, "script.contract", "taxed", 23),
        (classify, #"classify = "standard""#, "script.contract", "classify", 28),
        (#"contract = "tax""#, #"contract = "tea""#, "script.contract", "contract", 6),
        (#"title = "Ghana, standard scheme","#, #"title = "Ghana", colour = "red","#, "script.contract", "colour", 8),
        // Two rows for one tax on one day would charge it twice.
        (#"from = "2026-01-01", account = "2110""#, #"from = "2025-12-31", account = "2110""#, "script.contract", "components[2].from", 14),
        ("return {\n", "while true do end\nreturn {\n", "script.steps", nil, 5),
        ("return {\n", "tenant.facts()\nreturn {\n", "script.error", nil, 5),
    ]

    @Test(arguments: refusedProfiles)
    func `what does not load or breaks its contract is not published`(
        _ old: String, _ new: String, _ code: String, _ field: String?, _ line: Int?
    ) throws {
        let shop = try Shop()
        let path = "Rules/tax/gh-standard.lua"
        try shop.draft(path) { $0.replacing(old, with: new) }
        let problem = try shop.refuses(code, field: field) { try shop.call(.post, "/api/scripts/\(path)/publish") }
        let extra = Object(problem?.extra ?? [])
        #expect(extra["file"]?.string == path)
        if let line { #expect(extra["line"]?.int == Int64(line), "\(problem?.description ?? "")") }
        #expect(extra["message"]?.string?.isEmpty == false)
        let check = Shop.value(try shop.call(.post, "/api/scripts/\(path)/check"))
        #expect(check["ok"] == false)
        #expect(check["findings"]?[0]?["field"]?.string == (field ?? check["findings"]?[0]?["field"]?.string))
        // What was in force still is.
        #expect(JSON.text(try shop.sell(Shop.sale)["tax_amount"]) == "2250")
    }
}

extension Shop {
    func closeBranch() throws {
        let actor = house.actor
        _ = try tenant.store.write { db in try Branches.change(db, actor, 1, isActive: false) }
    }
}
