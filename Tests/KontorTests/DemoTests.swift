import Core
import Glibc
import Testing

@testable import kontor

/// The whole story: start, sell, change the tax rule, sell again, stop, start again.
@Suite struct DemoTests {
    @Test func `a sale is posted, the changed tax rule changes the next one and not the last, and a restart keeps both`() throws {
        let folder = try TemporaryFolder()
        let server = try RunningServer(folder.path, verb: "demo")
        let cashier = try server.caller(user: "cashier")
        let admin = try server.caller()

        // Sell.
        let sold = try cashier.ask("POST", "/api/sales", firstSale)
        try #require(sold.status == 201, "\(sold.body)")
        #expect(sold["currency"] == "GHS")
        let subtotal = try #require(sold["subtotal"]?.int), total = try #require(sold["total"]?.int)
        let tax = try #require(sold["tax_amount"]?.int)
        #expect(subtotal + tax == total)
        #expect(sold["paid"]?.int == total && sold["change"] == 0)
        let taxes = try #require(sold["taxes"]?.array)
        #expect(taxes.reduce(0) { $0 + ($1["amount"]?.int ?? 0) } == tax)
        #expect(taxes.contains { $0["code"] == "VAT" && $0["rate"]?.decimal == (try? Decimal("0.15")) })

        // See a balanced journal entry.
        let entry = try admin.get("/api/ledger/entries/\(try #require(sold["journal_entry"]?["id"]?.int))")
        try #require(entry.status == 200, "\(entry.body)")
        let lines = try #require(entry["lines"]?.array)
        let (debits, credits) = lines.reduce(into: (0 as Int64, 0 as Int64)) { sums, line in
            sums.0 += line["side"] == "debit" ? line["amount"]?.int ?? 0 : 0
            sums.1 += line["side"] == "credit" ? line["amount"]?.int ?? 0 : 0
        }
        #expect(debits == credits && debits >= total)

        // Change the tax rule while the server runs.
        let path = "/api/scripts/Rules/tax/gh-standard.lua"
        let source = try #require(try admin.get(path)["source"]?.string)
        let changed = Self.raisingVAT(source)
        try #require(changed != source)
        #expect(try admin.ask("PUT", path + "/draft", ["source": .string(changed), "message": "20 %"]).status == 200)
        #expect(try cashier.ask("POST", "/api/sales", firstSale)["tax_amount"]?.int == tax, "a draft is not in force")
        let checked = try admin.ask("POST", path + "/check", [:])
        #expect(checked.status == 200 && checked["ok"] == true, "\(checked.body)")
        let published = try admin.ask("POST", path + "/publish", [:])
        try #require(published.status == 200, "\(published.body)")

        // The next sale obeys, and the last one stays as it was.
        let next = try cashier.ask("POST", "/api/sales", firstSale)
        try #require(next.status == 201, "\(next.body)")
        #expect(next["subtotal"]?.int == subtotal)
        let vat = try #require(next["taxes"]?.array?.first { $0["code"] == "VAT" })
        #expect(vat["rate"]?.decimal == (try? Decimal("0.20")) && vat["amount"]?.int == (subtotal * 20 + 50) / 100)
        #expect(try #require(next["tax_amount"]?.int) > tax)
        let id = try #require(sold["id"]?.int)
        let before = try cashier.get("/api/sales/\(id)")
        #expect(before["tax_amount"]?.int == tax)

        // A second run keeps the data.
        let passwords = server.demo.tenants.map { $0.users.map(\.password) }
        #expect(server.child.stop() == 0)
        let again = try RunningServer(folder.path, verb: "demo")
        #expect(again.demo.tenants.map { $0.users.map(\.password) } == passwords)
        let later = try again.caller(user: "cashier")
        #expect(try later.get("/api/sales/\(id)").bytes == before.bytes)
        #expect(try later.ask("POST", "/api/sales", firstSale)["tax_amount"]?.int == next["tax_amount"]?.int)

        // And roll it back.
        let version = try #require(try again.caller().get(path)["version"]?.int)
        let back = try again.caller().ask("POST", path + "/rollback", ["version": .int(version - 1)])
        #expect(back.status == 200, "\(back.body)")
        #expect(try later.ask("POST", "/api/sales", firstSale)["tax_amount"]?.int == tax)
        #expect(try again.caller().ask("POST", "/api/ledger/verify", [:])["ok"] == true)
    }

    @Test func `the demo says where it listens and who may log in`() throws {
        let data = try Kontor.demoData()
        let child = try Child(Kontor.binary, ["demo", "--data", data.path, "--home", Kontor.home, "--port", "0"])
        var said = ""
        while let line = child.line() {
            said += line + "\n"
            if line.contains("Ctrl") { break }
        }
        #expect(child.stop() == 0)
        let facts = try DemoFacts(data.path)
        for tenant in facts.tenants {
            #expect(said.contains("http://\(tenant.domain):"))
            for user in tenant.users { #expect(said.contains(user.username) && said.contains(user.password)) }
        }
        #expect(said.contains("listening on http://acme.localhost:"))
        #expect(facts.tenants.map(\.domain) == ["acme.localhost", "globex.localhost"])
        #expect(facts.tenants.allSatisfy { $0.users.map(\.username).sorted() == ["accountant", "admin", "cashier", "manager"] })
    }

    @Test func `the demo's shelves are full and its book balances`() throws {
        let data = try Kontor.demoData()
        let server = try RunningServer(data.path)
        let admin = try server.caller()
        let products = try admin.all("/api/products")
        #expect(products.count >= 50)
        #expect(products.contains { $0["sku"] == "RICE-5KG" } && products.contains { $0["sku"] == "MILK-1L" })
        for name in ["acme", "globex"] {
            let report = try server.caller(name).ask("POST", "/api/ledger/verify", [:])
            #expect(report.status == 200 && report["ok"] == true, "\(report.body)")
        }
        let cashier = try server.caller("globex", user: "cashier")
        var sale = try #require(firstSale.object)
        sale["branch"] = "LON-01"
        let sku = try #require(try server.caller("globex").all("/api/products").first?["sku"])
        sale["lines"] = [["sku": sku, "quantity": 1]]
        let sold = try cashier.ask("POST", "/api/sales", .object(sale))
        #expect(sold.status == 201 && sold["currency"] == "GBP", "\(sold.body)")
    }

    /// The same source with every VAT of 15 % made 20 %.
    static func raisingVAT(_ source: String) -> String {
        source.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard line.contains("\"VAT\""), let rate = line.range(of: "0.15") else { return String(line) }
            return line.replacingCharacters(in: rate, with: "0.20")
        }.joined(separator: "\n")
    }
}

extension Substring {
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }

    fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
