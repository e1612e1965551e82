import Core
import Platform
import Testing

@Suite struct SaleTests {
    @Test func `a sale is priced, taxed, paid, numbered and posted`() throws {
        let shop = try Shop()
        let sale = try shop.sell(Shop.sale)
        #expect(sale["invoice_number"] == "INV-2026-000001")
        #expect(sale["status"] == "Paid")
        #expect(sale["currency"] == "GHS")
        #expect(JSON.text(sale["subtotal"]) == "11250")
        #expect(JSON.text(sale["tax_amount"]) == "2250")
        #expect(JSON.text(sale["total"]) == "13500")
        #expect(JSON.text(sale["change"]) == "0")
        #expect(sale["journal_entry"]?["number"]?.string?.hasPrefix("JE-") == true)
        #expect(
            JSON.text(sale["taxes"])
                == #"[{"code":"NHIL","base":11250,"rate":"0.025","amount":281},{"code":"GETFUND","base":11250,"rate":"0.025","amount":281},{"code":"VAT","base":11250,"rate":"0.15","amount":1688}]"#)
        let id = sale["id"]?.int ?? 0
        let read = try shop.call(.get, "/api/sales/\(id)", as: shop.cashier).value
        #expect(read["lines"]?.array?.count == 2)
        #expect(read["receipt"]?.string?.contains("TOTAL GHS") == true)
        let levels = try shop.call(.get, "/api/stock-levels").json
        #expect(levels["items"]?.array?.map { JSON.text($0["quantity"]) } == [#""98""#, #""99""#, #""100""#])
        #expect(try shop.verifiesBooks())
    }

    @Test func `the next sale obeys a changed tax rule, the last one keeps its own`() throws {
        let shop = try Shop()
        let first = try shop.sell(Shop.sale)
        let answer = try shop.publish("Rules/tax/gh-standard.lua") {
            $0.replacing(#"rate = "0.15",  base = { "net" }"#, with: #"rate = "0.20",  base = { "net" }"#)
        }
        #expect(answer["version"] == 2)
        let second = try shop.sell(Shop.sale)
        #expect(JSON.text(first["tax_amount"]) == "2250")
        #expect(JSON.text(second["tax_amount"]) == "2812")
        let read = try shop.call(.get, "/api/sales/\(first["id"]?.int ?? 0)").value
        #expect(JSON.text(read["tax_amount"]) == "2250")
        #expect(read["tax_profile"] == "Rules/tax/gh-standard.lua@1")
        _ = try shop.call(.post, "/api/scripts/Rules/tax/gh-standard.lua/rollback", ["version": 1])
        #expect(JSON.text(try shop.sell(Shop.sale)["tax_amount"]) == "2250")
    }
}

extension JSON {
    static func text(_ value: Value?) -> String {
        value.map { String(decoding: serialize($0), as: UTF8.self) } ?? "nothing"
    }
}
