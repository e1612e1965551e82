import Core
import Platform
import Server
import Testing

@Suite struct LedgerOverHTTPTests {
    private func books() throws -> (TestHouse, WebClient) {
        let house = try TestHouse()
        let client = try house.client()
        let accounts: [(String, String, String)] = [
            ("1000", "Cash", "asset"), ("2000", "Deposits", "liability"), ("3000", "Capital", "equity"),
            ("4000", "Sales", "revenue"),
        ]
        for (code, name, kind) in accounts {
            let made = try client.post(
                "/api/ledger/accounts", ["code": .string(code), "name": .string(name), "kind": .string(kind)])
            try #require(made.status == 201, "\(made.text)")
        }
        let months = try client.post("/api/ledger/periods", ["from": "2026-01", "through": "2026-02"])
        try #require(months.json["items"]?.array?.count == 2, "\(months.text)")
        return (house, client)
    }

    private func lines(_ debit: String, _ credit: String, _ amount: Int64) -> Value {
        [
            ["account": .string(debit), "side": "debit", "amount": .int(amount)],
            ["account": .string(credit), "side": "credit", "amount": .int(amount)],
        ]
    }

    @Test func `accounts are opened, listed, limited, frozen and closed`() throws {
        let (_, client) = try books()
        let list = try client.get("/api/ledger/accounts?limit=3").json
        #expect(list["items"]?.array?.compactMap { $0["code"]?.string } == ["1000", "2000", "3000"])
        let cursor = try #require(list["next_cursor"]?.string)
        let rest = try client.get("/api/ledger/accounts?limit=3&cursor=\(cursor)").json
        #expect(rest["items"]?.array?.compactMap { $0["code"]?.string } == ["4000"])
        #expect(rest["next_cursor"] == .null)
        #expect(try client.get("/api/ledger/accounts?kind=asset").json["items"]?.array?.count == 1)
        #expect(try client.get("/api/ledger/accounts?kind=assets").status == 422)
        let cash = try client.get("/api/ledger/accounts/1000").json
        #expect(cash["currency"] == "GHS")
        #expect(cash["normal_side"] == "debit")
        #expect(try client.get("/api/ledger/accounts/9999").status == 404)
        #expect(try client.post("/api/ledger/accounts", ["code": "1000", "name": "x", "kind": "asset"]).code == "ledger.account_exists")
        let limited = try client.post("/api/ledger/accounts/1000/limit", ["overdraft": 0, "reason": "no debt"])
        #expect(limited.json["overdraft"] == 0)
        #expect(try client.send("PATCH", "/api/ledger/accounts/1000", ["name": "Till"]).json["name"] == "Till")
        #expect(try client.post("/api/ledger/accounts/1000/freeze", ["reason": "audit"]).json["state"] == "frozen")
        #expect(
            try client.post("/api/ledger/entries", ["lines": lines("1000", "3000", 5)]).status == 423)
        #expect(try client.post("/api/ledger/accounts/1000/unfreeze", ["reason": "done"]).json["state"] == "open")
        #expect(try client.post("/api/ledger/accounts/2000/close", ["reason": "unused"]).json["state"] == "closed")
    }

    @Test func `an entry is posted, shown, listed, counted and taken back`() throws {
        let (_, client) = try books()
        let posted = try client.post(
            "/api/ledger/entries",
            ["memo": "Opening", "effective_on": "2026-01-02", "lines": lines("1000", "3000", 10_000)], key: "open-1")
        #expect(posted.status == 201, "\(posted.text)")
        #expect(posted.json["number"] == "JE-000001")
        #expect(posted.json["lines"]?.array?.count == 2)
        #expect(posted.json["lines"]?[0]?["currency"] == "GHS")
        #expect(posted.header("location") == "/api/ledger/entries/1")
        _ = try client.post("/api/ledger/entries", ["lines": lines("1000", "4000", 250)])
        #expect(try client.get("/api/ledger/entries/1").json == posted.json)
        #expect(try client.get("/api/ledger/entries/99").status == 404)
        let listed = try client.get("/api/ledger/entries?limit=1").json
        #expect(listed["items"]?[0]?["number"] == "JE-000002")
        let cursor = try #require(listed["next_cursor"]?.string)
        #expect(try client.get("/api/ledger/entries?limit=1&cursor=\(cursor)").json["items"]?[0]?["number"] == "JE-000001")
        #expect(try client.get("/api/ledger/entries?account=4000").json["items"]?.array?.count == 1)
        #expect(try client.get("/api/ledger/entries?from=2026-01-03").json["items"]?.array?.count == 1)

        let balances = try client.get("/api/ledger/balances?account=1000&account=3000").json
        #expect(balances["items"]?.array?.compactMap { $0["balance"]?.int } == [10_250, 10_000])
        let then = try client.get("/api/ledger/balances?account=1000&as_of=2026-01-02").json
        #expect(then["items"]?[0]?["balance"] == 10_000)
        #expect(try client.get("/api/ledger/balances?account=1000&known_entry=0").json["items"]?[0]?["balance"] == 0)
        let trial = try client.get("/api/ledger/trial-balance").json
        #expect(trial["balanced"] == true)
        #expect(trial["totals"]?[0]?["debits"] == 10_250)
        let statement = try client.get("/api/ledger/accounts/1000/statement?from=2026-01-01&through=2026-01-31").json
        #expect(statement["opening"] == 0)
        #expect(statement["closing"] == 10_250)
        #expect(statement["items"]?.array?.compactMap { $0["balance"]?.int } == [10_000, 10_250])

        let reversed = try client.post("/api/ledger/entries/1/reverse", ["reason": "wrong account"])
        #expect(reversed.status == 201, "\(reversed.text)")
        #expect(reversed.json["reverses"] == 1)
        #expect(try client.post("/api/ledger/entries/1/reverse", ["reason": "again"]).code == "ledger.already_reversed")
        #expect(try client.get("/api/ledger/balances?account=3000").json["items"]?[0]?["balance"] == 0)
    }

    @Test func `what does not balance is refused with both sums, and nothing is posted`() throws {
        let (_, client) = try books()
        let body: Value = [
            "lines": [
                ["account": "1000", "side": "debit", "amount": 100], ["account": "3000", "side": "credit", "amount": 99],
            ]
        ]
        let refused = try client.post("/api/ledger/entries", body, key: "k")
        #expect(refused.status == 422)
        #expect(refused.code == "ledger.unbalanced")
        #expect(refused.json["debits"] == 100)
        #expect(refused.json["credits"] == 99)
        #expect(try client.post("/api/ledger/entries", body, key: "k").header("idempotency-replayed") == "true")
        #expect(try client.get("/api/ledger/entries").json["items"] == [])
        let unknown = try client.post("/api/ledger/entries", ["lines": lines("1000", "7777", 5)])
        #expect(unknown.code == "ledger.account_unknown")
        #expect(unknown.json["field"] == "lines[1].account")
        let preview = try client.post("/api/ledger/entries/preview", ["lines": lines("1000", "3000", 700)])
        #expect(preview.status == 200, "\(preview.text)")
        #expect(preview.json["balances"]?[0]?["after"] == 700)
        #expect(try client.get("/api/ledger/entries").json["items"] == [])
    }

    @Test func `a hold is placed, captured in part and let go`() throws {
        let (_, client) = try books()
        let placed = try client.post("/api/ledger/holds", ["lines": lines("1000", "2000", 500)])
        #expect(placed.status == 201, "\(placed.text)")
        let id = try #require(placed.json["id"]?.int)
        #expect(try client.get("/api/ledger/holds").json["items"]?.array?.count == 1)
        let part = try client.post(
            "/api/ledger/holds/\(id)/capture", ["lines": [["line": 1, "amount": 200], ["line": 2, "amount": 200]]])
        #expect(part.status == 201, "\(part.text)")
        #expect(part.json["hold"] == .int(id))
        #expect(try client.get("/api/ledger/holds/\(id)").json["state"] == "partly_captured")
        #expect(try client.post("/api/ledger/holds/\(id)/void", ["reason": "enough"]).json["state"] == "voided")
        #expect(try client.post("/api/ledger/holds/\(id)/capture", [:]).code == "ledger.hold_resolved")
        #expect(try client.get("/api/ledger/holds/77").status == 404)
    }

    @Test func `a month is closed, reopened, closed and locked, and says why it takes nothing`() throws {
        let (house, client) = try books()
        let body: Value = ["effective_on": "2026-01-02", "lines": lines("1000", "3000", 100)]
        _ = try client.post("/api/ledger/entries", body)
        #expect(try client.post("/api/ledger/periods/2026-01/close", ["reason": "month end"]).json["state"] == "closed")
        let refused = try client.post("/api/ledger/entries", body)
        #expect(refused.status == 423)
        #expect(refused.code == "ledger.period_closed")
        #expect(try client.post("/api/ledger/periods/2026-01/reopen", ["reason": "late"]).json["state"] == "open")
        #expect(try client.post("/api/ledger/entries", body).status == 201)
        _ = try client.post("/api/ledger/periods/2026-01/close", ["reason": "month end"])
        let exception = try client.post(
            "/api/ledger/periods/2026-01/exceptions",
            ["user_id": 1, "until": "2026-02-01T00:00:00.000Z", "reason": "late invoice"])
        #expect(exception.status == 201, "\(exception.text)")
        #expect(try client.post("/api/ledger/entries", body).status == 201)
        #expect(try client.get("/api/ledger/periods/2026-01/exceptions").json["items"]?.array?.count == 1)
        #expect(try client.post("/api/ledger/periods/2026-01/lock", ["reason": "filed"]).json["state"] == "locked")
        #expect(try client.post("/api/ledger/entries", body).code == "ledger.period_locked")
        #expect(try client.post("/api/ledger/periods/2026-01/reopen", ["reason": "x"]).status == 409)
        #expect(try client.post("/api/ledger/periods/2026-13/close", ["reason": "x"]).status == 404)
        #expect(try client.get("/api/ledger/periods").json["items"]?.array?.compactMap { $0["state"]?.string } == ["locked", "open"])
        // an accountant may close, and may not lock or reopen
        try house.user("esi", roles: ["accountant"])
        let esi = try house.client("esi")
        #expect(try esi.post("/api/ledger/periods/2026-01/lock", ["reason": "x"]).status == 403)
        #expect(try esi.get("/api/ledger/trial-balance").status == 200)
    }

    @Test func `a year ends once it was looked at, over the right hands, and only where its months are closed`() throws {
        let (house, client) = try books()
        _ = try client.post("/api/ledger/entries", ["effective_on": "2026-01-02", "lines": lines("1000", "4000", 900)])
        let path = "/api/ledger/periods/2026-02/close-year"
        let open = try client.post(path, ["account": "3000"])
        #expect(open.status == 409)
        #expect(open.code == "ledger.period_open")
        #expect(open.json["period"] == "2026-02")
        _ = try client.post("/api/ledger/periods/2026-01/close", ["reason": "month end"])
        #expect(try client.post("/api/ledger/periods/2026-12/close-year", ["account": "3000"]).code == "ledger.period_missing")
        #expect(try client.post("/api/ledger/periods/2026-99/close-year", ["account": "3000"]).status == 404)
        #expect(try client.post(path, ["account": "4000"]).code == "ledger.invalid")
        #expect(try client.post(path, [:]).code == "request.invalid")

        let preview = try client.post(path + "/preview", ["account": "3000"])
        #expect(preview.status == 200, "\(preview.text)")
        #expect(preview.json["result"] == 900)
        #expect(preview.json["items"] == [["account": "4000", "name": "Sales", "kind": "revenue", "balance": 900]])
        #expect(try client.get("/api/ledger/entries").json["items"]?.array?.count == 1)

        // Who may close a month may end a year; others may not even look.
        try house.user("kofi", roles: ["manager"])
        #expect(try house.client("kofi").post(path + "/preview", ["account": "3000"]).status == 403)
        #expect(try house.client("kofi").post(path, ["account": "3000"]).status == 403)
        try house.user("esi", roles: ["accountant"])
        let esi = try house.client("esi")
        let closed = try esi.post(path, ["account": "3000", "memo": "Year end"], key: "year-2026")
        #expect(closed.status == 200, "\(closed.text)")
        #expect(closed.json["entries"] == [["id": 2, "number": "JE-000002"]])
        #expect(try esi.post(path, ["account": "3000", "memo": "Year end"], key: "year-2026").json == closed.json)
        #expect(try esi.post(path, ["account": "3000"]).json["entries"] == [])
        let entry = try client.get("/api/ledger/entries/2").json
        #expect(entry["kind"] == "closing")
        #expect(entry["effective_on"] == "2026-02-28")
        #expect(try client.get("/api/ledger/trial-balance?as_of=2026-02-28").json["balanced"] == true)
        #expect(try client.get("/api/ledger/balances?account=4000").json["items"]?[0]?["balance"] == 0)
        #expect(try client.get("/api/ledger/balances?account=3000").json["items"]?[0]?["balance"] == 900)
        let told = try client.get("/api/audit?action=period.year_closed").json["items"]?.array
        #expect(told?.count == 1)
        #expect(told?[0]["after"]?["result"] == 900)
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
    }

    @Test func `a sequence shows its next number without taking it, and only moves forward`() throws {
        let (house, client) = try books()
        try house.acme.store.write { [clock = house.clock] db in
            _ = try db.ledger(clock: clock).defineSeries(
                .init(name: "invoice", format: try .init("INV-{year}-{seq:6}")), actor: .init(id: 0, label: "service"))
        }
        let list = try client.get("/api/sequences").json
        #expect(list["items"]?[0]?["name"] == "invoice")
        let id = try #require(list["items"]?[0]?["id"]?.int)
        for _ in 0..<3 {
            let next = try client.get("/api/sequences/\(id)/next_number/")
            #expect(next.json["next_number"] == "INV-2026-000001", "\(next.text)")
        }
        #expect(try client.get("/api/sequences/invoice/next_number").json["value"] == 1)
        let moved = try client.send("PATCH", "/api/sequences/invoice", ["next": 500, "reason": "paper until 499"])
        #expect(moved.status == 200, "\(moved.text)")
        #expect(try client.get("/api/sequences/invoice/next_number/").json["next_number"] == "INV-2026-000500")
        let back = try client.send("PATCH", "/api/sequences/invoice", ["next": 400, "reason": "oops"])
        #expect(back.status == 409)
        #expect(back.code == "ledger.series_not_forward")
        #expect(try client.send("PATCH", "/api/sequences/invoice", ["next": 600]).status == 422)
        #expect(try client.get("/api/sequences/receipt/next_number/").status == 404)
        let audit = try client.get("/api/audit?limit=5").json
        #expect(audit["items"]?.array?.contains { $0["action"] == "sequence.changed" } == true)
    }
}
