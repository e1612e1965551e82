import Core
import Testing

@testable import kontor

/// Statements of banks and rights of people, from the command line.
@Suite struct ReconcileCommandTests {
    private func kontor(_ words: [String], data: TemporaryFolder) throws -> (output: String, status: Int32) {
        try Child.run("/bin/sh", ["-c", "exec \"$@\" 2>&1", "sh", Kontor.binary] + words + ["--data", data.path, "--home", Kontor.home])
    }

    @Test func `a bank's statement is reconciled from the command line`() throws {
        let data = try Kontor.demoData()
        let place = try TemporaryFolder()
        let server = try RunningServer(data.path)
        let admin = try server.caller()
        func reconcile(_ words: String...) throws -> (output: String, status: Int32) {
            try kontor(["ledger", "reconcile"] + words + ["--tenant", "acme.localhost"], data: data)
        }
        // An account of its own, so that what the demo posts is not in the way.
        try #require(try admin.ask("POST", "/api/ledger/accounts", ["code": "1199", "name": "Test bank", "kind": "asset"]).status == 201)
        // Accra's day is that of UTC.
        let today = String(SystemClock().now().description.prefix(10))
        for amount in [30_000, 4_550] {
            let posted = try admin.ask("POST", "/api/ledger/entries", [
                "effective_on": .string(today), "memo": "Takings",
                "lines": [
                    ["account": "1199", "side": "debit", "amount": .int(Int64(amount))], ["account": "3000", "side": "credit", "amount": .int(Int64(amount))],
                ],
            ])
            try #require(posted.status == 201, "\(posted.body)")
        }
        let begun = try reconcile("begin", "GCB", "--account", "1199", "--from", today, "--opening", "0.00")
        try #require(begun.status == 0 && begun.output.contains("GCB is source 1"), "\(begun.output)")
        #expect(try reconcile("sources").output.contains("1199"))
        let file = place.path + "/statement.csv"
        try Files.writeAtomically(file, Array("date,amount,reference,balance\n\(today),300.00,DEP,300.00\n\(today),45.50,DEP2,345.50\n".utf8))
        let taken = try reconcile("import", "1", file)
        #expect(taken.status == 0 && taken.output.contains("2 lines are new, 0 were known; the balance is 345.50 GHS"), "\(taken.output)")
        #expect(try reconcile("import", "1", file).output.contains("0 lines are new, 2 were known"))
        #expect(try reconcile("balance", "1").status == 1)
        #expect(try reconcile("unmatched", "1").output.contains("300.00"))
        let proposed = try reconcile("propose", "1", "--confirm")
        #expect(proposed.status == 0 && proposed.output.contains("2 matches are confirmed"), "\(proposed.output)")
        #expect(try reconcile("unmatch", "2").status == 64)
        #expect(try reconcile("unmatch", "2", "--reason", "Another's").status == 0)
        #expect(try reconcile("lines", "1", "--state", "unmatched").output.contains("45.50"))
        let line = try JSON.parse(Array(try reconcile("lines", "1", "--state", "unmatched", "--json").output.utf8))["items"]?[0]
        let entry = try JSON.parse(Array(try reconcile("unmatched", "1", "--json").output.utf8))["items"]?[0]
        let matched = try reconcile(
            "match", "1", "--line", line?["id"]?.int.map(String.init) ?? "", "--entry", "\(entry?["entry_id"]?.int ?? 0):\(entry?["line"]?.int ?? 0)")
        #expect(matched.status == 0 && matched.output.contains("match 3"), "\(matched.output)")
        #expect(try reconcile("match", "1", "--line", "x").status == 64)
        #expect(try reconcile("matches", "1", "--state", "active").output.contains("manual"))
        let balance = try reconcile("balance", "1", "--as-of", today)
        #expect(balance.status == 0 && balance.output.contains("it can be closed"), "\(balance.output)")
        #expect(try reconcile("close", "1", "--as-of", today, "--balance", "3.45").status == 1)
        let closed = try reconcile("close", "1", "--as-of", today, "--balance", "345.50")
        #expect(closed.status == 0 && closed.output.contains("GCB agrees up to \(today): 345.50 GHS"), "\(closed.output)")
        #expect(try reconcile("list", "1").output.contains("345.50"))
        #expect(server.child.stop() == 0)
    }

    @Test func `all that a user may do is listed with where it comes from`() throws {
        let data = try Kontor.demoData()
        let all = try kontor(["access", "explain", "admin", "--tenant", "acme.localhost"], data: data)
        #expect(all.status == 0 && all.output.contains("*") && all.output.contains("role:admin"), "\(all.output)")
        #expect(try kontor(["access", "explain", "cashier", "--tenant", "acme.localhost"], data: data).output.contains("pos.sell"))
    }
}
