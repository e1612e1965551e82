import Core
import Platform
import Server
import Testing

/// A bank account reconciled over HTTP, from the statement to the closed day.
@Suite struct ReconciliationOverHTTPTests {
    private let house: TestHouse
    private let client: WebClient
    private let base = "/api/ledger/reconciliations"

    init() throws {
        house = try TestHouse()
        client = try house.client()
        for (code, name, kind) in [("1100", "Bank", "asset"), ("4000", "Sales", "revenue"), ("5000", "Charges", "expense")] {
            _ = try client.post("/api/ledger/accounts", ["code": .string(code), "name": .string(name), "kind": .string(kind)])
        }
        _ = try client.post("/api/ledger/periods", ["from": "2026-01", "through": "2026-01"])
        for amount in [30_000, 4_550] {
            let posted = try client.post(
                "/api/ledger/entries",
                [
                    "effective_on": "2026-01-02", "memo": .string("Takings \(amount)"),
                    "lines": [
                        ["account": "1100", "side": "debit", "amount": .int(Int64(amount))],
                        ["account": "4000", "side": "credit", "amount": .int(Int64(amount))],
                    ],
                ])
            try #require(posted.status == 201, "\(posted.text)")
        }
    }

    private func take(_ text: String, _ client: WebClient? = nil) throws -> WebClient.Answer {
        try (client ?? self.client).send(
            "POST", "\(base)/sources/1/import", headers: [("Content-Type", "text/csv")], body: Array(text.utf8))
    }

    private func source() throws {
        let made = try client.post(base + "/sources", ["name": "GCB 1441", "account": "1100", "from": "2026-01-01"])
        try #require(made.status == 201, "\(made.text)")
        #expect(made.json == ["id": 1, "name": "GCB 1441", "account": "1100", "currency": "GHS", "from": "2026-01-01", "opening_balance": 0])
    }

    @Test func `a statement is imported, matched by proposals and by hand, and closed`() throws {
        try source()
        let statement = """
            Date,Reference,Amount,Balance,Details\r
            2026-01-03,DEP,300.00,300.00,"Deposit, till 1"\r
            2026-01-05,,-2.5,297.50,Charge\r

            """
        let taken = try take(statement)
        #expect(taken.status == 200, "\(taken.text)")
        #expect(
            taken.json == [
                "import_id": 1, "added": 2, "known": 0, "balance": 29_750, "currency": "GHS", "through": "2026-01-05",
            ])
        #expect(try take(statement).json["known"] == 2)
        let lines = try client.get(base + "/sources/1/lines?limit=1").json
        #expect(lines["items"]?[0]?["details"] == "Deposit, till 1")
        #expect(lines["items"]?[0]?["amount"] == 30_000)
        let cursor = try #require(lines["next_cursor"]?.string)
        #expect(try client.get(base + "/sources/1/lines?limit=1&cursor=\(cursor)").json["items"]?[0]?["amount"] == -250)

        let proposals = try client.get(base + "/sources/1/proposals").json["items"]
        #expect(
            proposals == [
                [
                    "kind": "amount", "statement_lines": [1], "entry_lines": [["entry_id": 1, "line": 1]], "amount": 30_000,
                    "currency": "GHS", "days_apart": 1,
                ]
            ])
        let confirmed = try client.post(
            base + "/sources/1/matches",
            ["matches": [["kind": "amount", "statement_lines": [1], "entry_lines": [["entry_id": 1, "line": 1]]]]], key: "m-1")
        #expect(confirmed.status == 201, "\(confirmed.text)")
        #expect(confirmed.json["items"]?[0]?["through"] == "2026-01-03")

        let open = try client.get(base + "/sources/1/balance?as_of=2026-01-05").json
        #expect(open["statement_balance"] == 29_750)
        #expect(open["book_balance"] == 34_550)
        #expect(open["unmatched_statement"] == -250)
        #expect(open["unmatched_book"] == 4_550)
        #expect(open["difference"] == 0)
        #expect(open["is_reconciled"] == false)
        let early = try client.post(base, ["source_id": 1, "as_of": "2026-01-05", "statement_balance": 29_750])
        #expect(early.status == 409)
        #expect(early.code == "ledger.reconciliation_differs")
        #expect(early.json["difference"] == -250)

        _ = try client.post(
            "/api/ledger/entries",
            [
                "effective_on": "2026-01-05",
                "lines": [["account": "1100", "side": "credit", "amount": 250], ["account": "5000", "side": "debit", "amount": 250]],
            ])
        let matched = try client.post(
            base + "/sources/1/matches", ["matches": [["statement_lines": [2], "entry_lines": [["entry_id": 3, "line": 1]]]]])
        #expect(matched.json["items"]?[0]?["kind"] == "manual")
        // What is matched twice is refused, and the whole request with it.
        let twice = try client.post(
            base + "/sources/1/matches",
            ["matches": [["entry_lines": [["entry_id": 2, "line": 1]], "statement_lines": [2]]]])
        #expect(twice.status == 409)
        #expect(twice.json["match"] == 2)

        let closed = try client.post(base, ["source_id": 1, "as_of": "2026-01-05", "statement_balance": 29_750])
        #expect(closed.status == 201, "\(closed.text)")
        #expect(closed.json["unmatched_book"] == 4_550)
        #expect(try client.get(base + "?source_id=1").json["items"] == [closed.json])
        let frozen = try client.post(base + "/matches/1/unmatch", ["reason": "mistake"])
        #expect(frozen.status == 409)
        #expect(frozen.code == "ledger.reconciliation_closed")
        let outstanding = try client.get(base + "/sources/1/unmatched-entry-lines?as_of=2026-01-05").json["items"]
        #expect(outstanding?.array?.map { $0["memo"] } == ["Takings 4550"])

        // What comes later is matched, and taken back.
        #expect(try take("date,amount,id,reference\n2026-01-09,45.50,FT9,JE-000002\n").json["added"] == 1)
        #expect(try client.get(base + "/sources/1/proposals?days=20").json["items"]?[0]?["kind"] == "reference")
        _ = try client.post(base + "/sources/1/matches", ["matches": [["statement_lines": [3], "entry_lines": [["entry_id": 2, "line": 1]]]]])
        #expect(try client.post(base + "/matches/3/unmatch", ["reason": "mistake"]).json["is_active"] == false)
        #expect(try client.get(base + "/sources/1/matches?state=ended").json["items"]?.array?.count == 1)
        #expect(try client.get(base + "/sources/1/lines?state=unmatched").json["items"]?.array?.count == 1)
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
        let actions = try client.get("/api/audit?action=reconciliation.").json["items"]?.array?.compactMap { $0["action"]?.string }
        #expect(actions == ["reconciliation.unmatched", "reconciliation.closed", "reconciliation.source_defined"])
    }

    @Test(arguments: [
        ("", "is empty"), ("date,reference\n", "Line 1 of the file has no column amount"),
        ("date,amount,colour\n", "“colour”"), ("date,amount,date\n", "twice"),
        ("date,amount\n2026-01-03,1.005\n", "Line 2 of the file has “1.005” as amount"),
        ("date,amount\n2026-01-03,1\n3.1.2026,1\n", "Line 3 of the file has “3.1.2026” as date"),
        ("date,amount\n2026-01-03\n", "has 1 cells"), ("date,amount\n\"2026-01-03,1\n", "quote"),
        ("date,amount,balance\n2026-01-03,1,x\n", "“x” as balance"),
    ])
    func `a file that is none is refused, and says where`(text: String, says part: String) throws {
        try source()
        let refused = try take(text)
        #expect(refused.status == 422)
        #expect(refused.text.contains(part), "\(refused.text)")
        #expect(try client.get(base + "/sources/1/lines").json["items"] == [])
    }

    @Test func `a statement is for those who may reconcile`() throws {
        try source()
        try house.user("kofi", roles: ["manager"])
        let kofi = try house.client("kofi")
        #expect(try take("date,amount\n2026-01-03,1\n", kofi).status == 403)
        #expect(try kofi.get(base + "/sources").json["items"]?.array?.count == 1)
        #expect(try kofi.post(base, ["source_id": 1, "as_of": "2026-01-05", "statement_balance": 0]).status == 403)
        try house.user("esi", roles: ["accountant"])
        #expect(try take("date,amount\n2026-01-03,1\n", try house.client("esi")).status == 200)
        #expect(try client.get(base + "/sources/7/lines").status == 404)
        #expect(try client.get(base + "/sources/7").code == "ledger.reconciliation_source_unknown")
        #expect(try client.post(base + "/matches/7/unmatch", ["reason": "x"]).status == 404)
        #expect(try house.client(at: house.globex).get(base + "/sources/1").status == 404)
    }
}
