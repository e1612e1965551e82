import Core
import Platform
import Server
import Storage
import Testing

/// That the books can be checked, exported, copied and put back.
@Suite struct ProofTests {
    private func books() throws -> (TestHouse, WebClient) {
        let house = try TestHouse()
        let client = try house.client()
        _ = try client.post("/api/ledger/accounts", ["code": "1000", "name": "Cash", "kind": "asset"])
        _ = try client.post("/api/ledger/accounts", ["code": "3000", "name": "Capital", "kind": "equity"])
        _ = try client.post("/api/ledger/periods", ["from": "2026-01", "through": "2026-01"])
        for amount in [100, 250] as [Int64] { try post(client, amount) }
        return (house, client)
    }

    private func post(_ client: WebClient, _ amount: Int64) throws {
        let answer = try client.post(
            "/api/ledger/entries",
            [
                "lines": [
                    ["account": "1000", "side": "debit", "amount": .int(amount)],
                    ["account": "3000", "side": "credit", "amount": .int(amount)],
                ]
            ])
        try #require(answer.status == 201, "\(answer.text)")
    }

    @Test func `sound books verify, with what was read`() throws {
        let (_, client) = try books()
        let report = try client.post("/api/ledger/verify", [:])
        #expect(report.status == 200)
        #expect(report.json["ok"] == true)
        #expect(report.json["entries"] == 2)
        #expect(report.json["lines"] == 4)
        #expect(report.json["accounts"] == 2)
        #expect(report.json["problems"] == [])
        #expect(try client.post("/api/ledger/verify", ["full": false]).json["ok"] == true)
        let checkpoint = try client.post("/api/ledger/checkpoints", [:])
        #expect(checkpoint.status == 201, "\(checkpoint.text)")
        #expect(checkpoint.json["entry"] == 2)
        #expect(try client.get("/api/ledger/checkpoints").json["items"]?.array?.count == 1)
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
    }

    @Test func `a row that was changed by hand is named`() throws {
        let (house, client) = try books()
        try house.acme.store.whileClosed("somebody tampers") {
            let db = try Connection(path: house.acme.store.path, mode: .writer)
            defer { db.close() }
            try db.execute(script: "UPDATE ledger_balances SET posted_debits_minor = posted_debits_minor + 1 WHERE account_id = 1")
        }
        let report = try client.post("/api/ledger/verify", [:])
        #expect(report.status == 200)
        #expect(report.json["ok"] == false)
        #expect(report.json["problems"]?[0]?["kind"] == "balance", "\(report.text)")
    }

    @Test func `a database that was put back behind the server's back is found out`() throws {
        let (house, client) = try books()
        let path = house.acme.store.path
        let older = try house.acme.store.whileClosed("copy") { try Files.read(path) }
        try post(client, 7)
        _ = try client.post("/api/ledger/checkpoints", [:])
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
        try house.acme.store.whileClosed("somebody puts an old copy back") { try Files.writeAtomically(path, older) }
        let report = try client.post("/api/ledger/verify", [:])
        #expect(report.json["ok"] == false)
        #expect(report.json["problems"]?[0]?["kind"] == "checkpoint", "\(report.text)")
    }

    @Test(arguments: ["hledger", "ledger", "beancount"])
    func `the books are exported in each format`(format: String) throws {
        let (house, client) = try books()
        let export = try client.get("/api/ledger/export?format=\(format)")
        #expect(export.status == 200)
        #expect(export.header("content-type") == "text/plain; charset=utf-8")
        #expect(export.header("content-disposition")?.contains(format) == true)
        #expect(export.text.contains("2.50"))
        #expect(try client.get("/api/ledger/export?format=xml").status == 422)
        try house.user("kofi")
        #expect(try house.client("kofi").get("/api/ledger/export").status == 403)
    }

    @Test func `a copy is made, verified, listed and put back, and the other tenant goes on`() throws {
        let (house, client) = try books()
        let ops = try house.operatorClient()
        let other = try house.client(at: house.globex)
        _ = try other.post("/api/test/notes", ["text": "stays"])
        let made = try ops.post("/api/backups", ["tenant_id": .int(house.acme.id)])
        #expect(made.status == 201, "\(made.text)")
        let backup = try #require(made.json["items"]?[0])
        let id = try #require(backup["id"]?.int)
        #expect(backup["verified_at"]?.string != nil)
        #expect(Files.exists(backup["path"]?.string ?? ""))
        #expect(try ops.post("/api/backups/\(id)/verify", [:]).status == 200)

        try post(client, 999)
        let late = try house.token()
        house.advance(seconds: 1)
        let restored = try ops.post("/api/backups/\(id)/restore", ["reason": "the last entry was wrong"])
        #expect(restored.status == 200, "\(restored.text)")
        #expect(restored.json["safety_backup_id"]?.int != nil)
        // the tenant is as it was, and what was made since is unknown, tokens too
        #expect(try client.get("/api/ledger/entries").json["items"]?.array?.count == 2)
        #expect(try WebClient(port: house.port, host: "acme.localhost", token: late).get("/api/session").status == 401)
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
        #expect(try other.get("/api/test/notes").json["items"]?.array?.count == 1)
        let audit = try client.get("/api/audit").json["items"]?.array ?? []
        #expect(audit.contains { $0["action"] == "tenant.restored" })
        // a tenant sees its own copies, and not where they lie
        let own = try client.get("/api/backups").json["items"]?.array ?? []
        #expect(own.count == 3)  // what was restored, what was there before, what is there now
        #expect(own.allSatisfy { $0["path"] == nil })
        #expect(try other.get("/api/backups").json["items"] == [])
        #expect(try client.post("/api/backups", [:]).status == 201)
    }

    @Test func `a copy that was tampered with is not put back`() throws {
        let (house, client) = try books()
        let ops = try house.operatorClient()
        let made = try ops.post("/api/backups", ["tenant_id": .int(house.acme.id)])
        let path = try #require(made.json["items"]?[0]?["path"]?.string)
        let id = try #require(made.json["items"]?[0]?["id"]?.int)
        var bytes = try Files.read(path)
        bytes[bytes.count / 2] ^= 1
        try Files.writeAtomically(path, bytes)
        #expect(try ops.post("/api/backups/\(id)/verify", [:]).status == 503)
        try post(client, 5)
        #expect(try ops.post("/api/backups/\(id)/restore", ["reason": "test"]).status == 503)
        #expect(try client.get("/api/ledger/entries").json["items"]?.array?.count == 3)
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
    }

    @Test func `all databases are copied at once, and old copies are removed but never the last good one`() throws {
        let house = try TestHouse()
        let ops = try house.operatorClient()
        let made = try ops.post("/api/backups", ["tier": "hourly"])
        #expect(made.status == 201, "\(made.text)")
        #expect(made.json["items"]?.array?.count == 3)
        house.advance(seconds: 3_600)
        _ = try ops.post("/api/backups", ["tier": "hourly"])
        house.advance(seconds: 24 * 3_600 - 1_800)
        let service = BackupService(house.instance)
        #expect(try service.prune(now: house.clock.now()) == 3)
        house.advance(seconds: 80 * 86_400)
        #expect(try service.prune(now: house.clock.now()) == 0)
        let left = try ops.get("/api/backups").json["items"]?.array ?? []
        #expect(Set(left.map { $0["tenant_id"] ?? 0 }.map(\.description)) == ["null", "1", "2"])
        #expect(left.allSatisfy { Files.exists($0["path"]?.string ?? "") })
    }
}
