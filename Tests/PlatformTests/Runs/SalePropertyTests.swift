import Core
import Ledger
import Platform
import Storage
import Testing

/// Laws that hold whatever is sold.
@Suite struct SalePropertyTests {
    @Test(arguments: [(UInt64(1), false), (2, true), (3, false)])
    func `books balance, stock adds up, taxes add up, numbers have no gap`(_ fallback: UInt64, _ atGlobex: Bool) throws {
        var random = SeededRandom(fallback)
        let shop = try Shop(atGlobex: atGlobex)
        var prices: [String: Int64] = ["RICE-5KG": 5_000, "MILK-1L": 1_250, "BOOK": 2_000]
        for (index, category) in ["standard", "reduced", "zero", "exempt", "relief", "standard"].enumerated() {
            let price = Int64.random(in: 1...30_000, using: &random)
            prices["P\(index)"] = price
            try shop.add("P\(index)", price: price, cost: price * 2 / 3, category: category, quantity: 40)
        }
        let skus = prices.keys.sorted()
        var sold: [Value] = []
        for _ in 0..<60 {
            let lines = (0..<Int.random(in: 1...6, using: &random)).map { _ -> Value in
                let quantity = ["1", "2", "0.5", "1.25", "7", "0.001"].randomElement(using: &random) ?? "1"
                return ["sku": .string(skus.randomElement(using: &random) ?? ""), "quantity": .string(quantity)]
            }
            var payments: [Value] = []
            if Bool.random(using: &random) {
                payments.append(["method": "Card", "amount": .int(.random(in: 1...3_000, using: &random))])
            }
            payments.append(["method": "Cash"])
            do {
                sold.append(try shop.sell(["branch": "ACC-01", "lines": .array(lines), "payments": .array(payments)]))
            } catch let problem as Problem {
                #expect(["pos.out_of_stock", "pos.overpaid", "pos.payment_not_positive"].contains(problem.code), "\(problem) \(random)")
            } catch let error as any ProblemConvertible {
                Issue.record("\(error.problem) \(random)")
            }
        }
        #expect(sold.count > 10, "\(random)")
        #expect(try shop.verifiesBooks(), "\(random)")

        for (index, sale) in sold.enumerated() {
            #expect(sale["invoice_number"]?.string == "INV-2026-" + String(1_000_001 + index).dropFirst(), "\(random)")
            let read = try shop.get("/api/sales/\(sale["id"]?.int ?? 0)")
            let lines = read["lines"]?.array ?? []
            func sum(_ list: [Value], _ name: String) -> Int64 { list.compactMap { $0[name]?.int }.reduce(0, +) }
            let (subtotal, tax, total) = (read["subtotal"]?.int, read["tax_amount"]?.int, read["total"]?.int ?? 0)
            #expect(sum(lines, "net") == subtotal, "\(random)")
            #expect(sum(lines, "tax") == tax, "\(random)")
            #expect(sum(lines, "total") == total, "\(random)")
            #expect(sum(read["taxes"]?.array ?? [], "amount") == tax, "\(random)")
            #expect((subtotal ?? 0) + (tax ?? 0) == total, "\(random)")
            #expect(sum(read["payments"]?.array ?? [], "amount") == total, "\(random)")
        }
        // What the books say of money is what the sales say.
        let totals = sold.compactMap { $0["total"]?.int }.reduce(0, +)
        #expect(try (shop.balance("1000") ?? 0) + (shop.balance("1010") ?? 0) == totals, "\(random)")
        #expect(try shop.balance("4000") == sold.compactMap { $0["subtotal"]?.int }.reduce(0, +), "\(random)")

        let differences = try shop.tenant.store.read { db in
            try db.query(
                SQL("""
                    SELECT l.product_id, l.quantity, (SELECT sum(m.quantity) FROM catalog_stock_movements m
                      WHERE m.product_id = l.product_id AND m.branch_id = l.branch_id)
                    FROM catalog_stock_levels l
                    """)) { ($0.int(0), $0.int(1), $0.int(2)) }.filter { $0.1 != $0.2 }
        }
        #expect(differences.isEmpty, "\(random)")
    }
}
