import Core
import Platform
import Testing

/// How sales are paid, and what of it reaches the books. RICE-5KG and MILK-1L once each come to 75.00 with tax.
@Suite struct SalePaymentTests {
    static func pay(_ payments: [Value]) -> Value { Shop.basket(["RICE-5KG": 1, "MILK-1L": 1], payments: payments) }

    @Test func `cash above the total gives change`() throws {
        let shop = try Shop()
        let sale = try shop.sell(Self.pay([["method": "Cash", "amount": 10_000]]))
        #expect(sale["total"] == 7_500)
        #expect(sale["paid"] == 10_000)
        #expect(sale["change"] == 2_500)
        #expect(try shop.balance("1000") == 7_500)
        let read = try shop.get("/api/sales/\(sale["id"]?.int ?? 0)")
        #expect(JSON.text(read["payments"]) == #"[{"method":"Cash","amount":7500,"tendered":10000,"reference":null}]"#)
        #expect(read["receipt"]?.string?.contains("Change") == true)
    }

    @Test func `a payment is split over several methods, the last settles the rest`() throws {
        let shop = try Shop()
        let sale = try shop.sell(
            Self.pay([
                ["method": "Mobile Money", "amount": 2_000, "reference": "MM-17"], ["method": "Card", "amount": 3_000], ["method": "Cash"],
            ]))
        #expect(sale["paid"] == 7_500)
        #expect(sale["change"] == 0)
        #expect(try shop.balance("1020") == 2_000)
        #expect(try shop.balance("1010") == 3_000)
        #expect(try shop.balance("1000") == 2_500)
        let read = try shop.get("/api/sales/\(sale["id"]?.int ?? 0)")
        #expect(read["payments"]?[0]?["reference"] == "MM-17")
    }

    @Test func `cash after a card pays what is left, and its surplus is change`() throws {
        let shop = try Shop()
        let sale = try shop.sell(Self.pay([["method": "Card", "amount": 7_000], ["method": "Cash", "amount": 1_000]]))
        #expect(sale["change"] == 500)
        #expect(try shop.balance("1000") == 500)
        #expect(try shop.balance("1010") == 7_000)
    }

    @Test func `what costs nothing is sold for nothing`() throws {
        let shop = try Shop()
        try shop.add("LEAFLET", price: 0, cost: 0)
        let sale = try shop.sell(Shop.basket(["LEAFLET": 2]))
        #expect(sale["total"] == 0)
        #expect(sale["journal_entry"] == .null)
        let read = try shop.get("/api/sales/\(sale["id"]?.int ?? 0)")
        #expect(read["journal_entry"] == .null)
        #expect(read["payments"]?.array?.count == 1)
    }

    @Test func `the entry of a sale names cash, revenue, taxes, cost and inventory`() throws {
        let shop = try Shop()
        let sale = try shop.sell(Shop.sale)
        let entry = try shop.ledger { ledger in try ledger.entry(sale["journal_entry"]?["id"]?.int ?? 0) }
        let lines = entry.lines.map { "\($0.accountCode) \($0.side.rawValue) \($0.amount.minor)" }
        #expect(
            lines == [
                "1000 debit 13500", "4000 credit 11250", "2110 credit 281", "2120 credit 281", "2100 credit 1688", "5000 debit 6800",
                "1200 credit 6800",
            ])
        #expect(entry.effectiveOn.description == "2026-01-05")
        #expect(entry.source?.type == "pos.sale")
        #expect(entry.lines.allSatisfy { $0.branch == 1 })
    }
}
