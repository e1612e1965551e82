import Core
import Ledger
import Platform
import Testing

@Suite struct SaleTaxTests {
    /// The taxes of a sale as `CODE base×rate=amount`.
    static func taxes(_ sale: Value) -> [String] {
        (sale["taxes"]?.array ?? []).map {
            "\($0["code"]?.string ?? "") \($0["base"]?.int ?? -1)×\(JSON.text($0["rate"]))=\($0["amount"]?.int ?? -1)"
        }
    }

    // MARK: Ghana

    @Test func `exempt goods carry no tax beside goods that do`() throws {
        let shop = try Shop()
        let sale = try shop.sell(Shop.basket(["BOOK": 3, "MILK-1L": 1]))
        #expect(sale["subtotal"] == 7_250)
        #expect(Self.taxes(sale) == [#"NHIL 1250×"0.025"=31"#, #"GETFUND 1250×"0.025"=31"#, #"VAT 1250×"0.15"=188"#])
        #expect(sale["total"] == 7_500)
        let lines = try shop.get("/api/sales/\(sale["id"]?.int ?? 0)")["lines"]?.array ?? []
        #expect(lines.map { $0["tax"] } == [0, 250])
        #expect(lines.map { $0["tax_category"] } == ["exempt", "standard"])
    }

    @Test func `exempt goods alone have no taxes at all`() throws {
        let shop = try Shop()
        let sale = try shop.sell(Shop.basket(["BOOK": 1]))
        #expect(sale["taxes"] == [])
        #expect(sale["tax_amount"] == 0)
        #expect(sale["total"] == 2_000)
    }

    /// Until the end of 2025 the levies came first, and VAT stood on net and levies.
    @Test func `a sale of 2025 has the rates of 2025`() throws {
        let shop = try Shop()
        #expect(try shop.ledger { try $0.accounts(limit: 100).count } == 17)
        let sale = try shop.sell(Shop.basket(["RICE-5KG": 2, "MILK-1L": 1], date: "2025-12-31"), as: shop.manager)
        #expect(
            Self.taxes(sale) == [
                #"NHIL 11250×"0.025"=281"#, #"GETFUND 11250×"0.025"=281"#, #"COVID 11250×"0.01"=113"#, #"VAT 11925×"0.15"=1789"#,
            ])
        #expect(sale["total"] == 13_714)
        #expect(sale["invoice_number"] == "INV-2025-000001")
        // The chart has no account for a levy that is gone: the sale opens it.
        let account = try shop.ledger { try $0.account("2130") }
        #expect(account.name == "Tax Payable - COVID")
        #expect(account.kind == .liability)
        #expect(try shop.balance("2130") == 113)
        // The next one finds it there, and today's sale has today's rates.
        _ = try shop.sell(Shop.basket(["RICE-5KG": 2, "MILK-1L": 1], date: "2025-12-31"), as: shop.manager)
        #expect(try shop.balance("2130") == 226)
        #expect(JSON.text(try shop.sell(Shop.sale)["tax_amount"]) == "2250")
        #expect(try shop.ledger { try $0.accounts(limit: 100).count } == 18)
    }

    @Test func `weighed goods are priced to the pesewa, half up`() throws {
        let shop = try Shop()
        let sale = try shop.sell(Shop.basket(["RICE-5KG": "0.375", "MILK-1L": "0.5"]))
        // 50.00 × 0.375 = 18.75 and 12.50 × 0.5 = 6.25
        #expect(sale["subtotal"] == 2_500)
        let read = try shop.get("/api/sales/\(sale["id"]?.int ?? 0)")
        #expect(read["lines"]?.array?.map { $0["net"] } == [1_875, 625])
        #expect(read["lines"]?.array?.map { JSON.text($0["quantity"]) } == [#""0.375""#, #""0.5""#])
        let levels = try shop.get("/api/stock-levels")["items"]?.array ?? []
        #expect(levels.map { JSON.text($0["quantity"]) } == [#""99.625""#, #""99.5""#, #""100""#])
        try shop.add("SALT", price: 333, cost: 100)
        // 3.33 × 0.5 = 1.665
        #expect(try shop.sell(Shop.basket(["SALT": "0.5"]))["subtotal"] == 167)
    }

    // MARK: United Kingdom: prices include tax

    @Test func `an inclusive price is split, not raised`() throws {
        let shop = try Shop(atGlobex: true)
        try shop.add("RADIO", price: 9_999, cost: 5_000)
        let sale = try shop.sell(Shop.basket(["RADIO": 1]))
        #expect(sale["currency"] == "GBP")
        #expect(sale["total"] == 9_999)
        // 99.99 ÷ 6 = 16.665
        #expect(Self.taxes(sale) == [#"VAT 8332×"0.2"=1667"#])
        #expect(sale["subtotal"] == 8_332)
        #expect(try shop.balance("2100") == 1_667)
        #expect(try shop.balance("4000") == 8_332)
    }

    @Test func `each rate is a row of its own, and the total is what the shelf says`() throws {
        let shop = try Shop(atGlobex: true)
        try shop.add("RADIO", price: 9_999, cost: 5_000)
        try shop.add("FUEL", price: 1_050, cost: 700, category: "reduced")
        try shop.add("BREAD", price: 139, cost: 60, category: "zero")
        let sale = try shop.sell(Shop.basket(["RADIO": 1, "FUEL": 2, "BREAD": 3, "BOOK": 1, "RADIO": 2]))
        #expect(sale["total"] == 34_514)
        // 299.97 ÷ 6 = 49.995; 21.00 ÷ 21 = 1.00
        #expect(Self.taxes(sale) == [#"VAT 24997×"0.2"=5000"#, #"VAT 2000×"0.05"=100"#])
        let lines = try shop.get("/api/sales/\(sale["id"]?.int ?? 0)")["lines"]?.array ?? []
        #expect(lines.map { $0["total"] } == [9_999, 2_100, 417, 2_000, 19_998])
        #expect(lines.compactMap { $0["tax"]?.int }.reduce(0, +) == 5_100)
    }

    // MARK: Long documents

    @Test(arguments: [100, 900]) func `a long sale is nobody's fault`(_ count: Int) throws {
        let shop = try Shop()
        for number in 0..<10 { try shop.add("ITEM-\(number)", price: Int64(100 + number), cost: 50, quantity: 10_000) }
        let lines = (0..<count).map { index -> Value in ["sku": .string("ITEM-\(index % 10)"), "quantity": 1] }
        let sale = try shop.sell(["branch": "ACC-01", "lines": .array(lines), "payments": [["method": "Cash"]]])
        #expect(sale["subtotal"]?.int == Int64(count) * 1_045 / 10)
        let read = try shop.get("/api/sales/\(sale["id"]?.int ?? 0)")
        #expect(read["lines"]?.array?.count == count)
        #expect(try shop.verifiesBooks())
    }
}
