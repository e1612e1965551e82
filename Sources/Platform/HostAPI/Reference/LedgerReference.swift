extension HostReference {
    static let ledger: [HostEntry] = [
        HostEntry(
            "ledger.post(entry: table): { id: integer, number: string }",
            "Posts a journal entry. The entry has date (the business date if left out), kind, memo, source = { type, id }, dimensions = { branch }, and lines = { { account, debit or credit, branch } }, amounts as money above zero.",
            errors: ["ledger.unbalanced", "ledger.period_closed", "ledger.period_locked", "ledger.account_unknown", "script.capability"],
            capability: "ledger.post",
            example: """
                local entry = ledger.post {
                  memo = "Float", lines = { { account = "1000", debit = money "50.00" }, { account = "3000", credit = money "50.00" } },
                }
                assert(entry.id > 0)
                """),
        HostEntry(
            "ledger.reverse(entry: integer, options?: table): { id: integer, number: string }",
            "Posts the mirror image of an entry, which it names. Options: date, reason.",
            errors: ["ledger.already_reversed", "ledger.period_closed", "script.capability"], capability: "ledger.post",
            example: """
                local entry = ledger.post {
                  lines = { { account = "1000", debit = money "50.00" }, { account = "3000", credit = money "50.00" } },
                }
                ledger.reverse(entry.id, { reason = "Counted twice" })
                """),
        HostEntry(
            "ledger.balance(account: string, options?: table): money",
            "The posted balance on the account's normal side. Options: as_of, a date, by effective date.",
            errors: ["ledger.account_unknown"],
            example: """
                local before = ledger.balance("1000")
                ledger.post { lines = { { account = "1000", debit = money "2.00" }, { account = "3000", credit = money "2.00" } } }
                assert(ledger.balance("1000") - before == money "2.00")
                """),
        HostEntry(
            "ledger.entries(filter: table): table[]",
            "Entries, oldest first, with id, number, kind, date, memo and lines. The filter has source = { type, id }, account, limit (1 to 1,000, 50 if left out).",
            example: """
                for _, entry in ipairs(ledger.entries { account = "1200", limit = 5 }) do
                  assert(#entry.lines >= 2)
                end
                """),
        HostEntry(
            "ledger.account(code: string): table?", "Code, name, kind and currency of an account, or nil.",
            example: """
                assert(ledger.account("1000").kind == "asset")
                """),
        HostEntry(
            "ledger.begin(month: string)", "Opens the books with this month, \"2026-01\", and all months up to today; does nothing where there are books.",
            errors: ["script.capability"], capability: "ledger.post",
            example: """
                ledger.begin("2025-12")
                """),
        HostEntry(
            "ledger.open_account(account: table): string",
            "Opens an account: code, name, kind (asset, liability, equity, revenue or expense), parent and currency where they are not the obvious ones.",
            errors: ["ledger.account_exists", "script.capability"], capability: "ledger.post",
            example: """
                ledger.open_account { code = "1090", name = "Petty cash", kind = "asset" }
                assert(ledger.account("1090").name == "Petty cash")
                """),
    ]

    static let sequence: [HostEntry] = [
        HostEntry(
            "sequence.next(series: string, options?: table): string",
            "Takes the next number, as printed. Numbers have no gaps: it is given back when the request is refused. Options: date, branch (an id).",
            errors: ["ledger.series_unknown"],
            example: """
                local number = sequence.peek("pos.sale")
                assert(sequence.next("pos.sale") == number)
                """),
        HostEntry(
            "sequence.peek(series: string, options?: table): string", "The number that next would give; takes nothing.",
            errors: ["ledger.series_unknown"],
            example: """
                assert(sequence.peek("pos.sale") == sequence.peek("pos.sale"))
                """),
    ]

    static let tax: [HostEntry] = [
        HostEntry(
            "tax.calculate(document: table): table",
            "A document's taxes by the profile of the tenant's country, or the one named by profile, in force on its date. Lines have an amount of money and what the profile's classify looks at. Gives net, tax, total, profile (path@version), taxes and lines; all parts add up.",
            errors: ["tax.no_profile", "tax.unclassified"],
            example: """
                local rice = record.find("catalog.product", { sku = "RICE-5KG" })
                local taxed = tax.calculate { date = "2026-01-05", lines = { { amount = money "100.00", product = rice } } }
                assert(taxed.total == taxed.net + taxed.tax)
                """)
    ]

    static let reports: [HostEntry] = [
        HostEntry(
            "report.run(report: string, params?: table): table",
            "The rows of a report: { items, computed_at, cached }, items with the report's columns; kept and let go as its declaration says. In GET routes and the fetch of jobs only; for the reports of others the user's permission counts, or elevate.",
            errors: ["request.invalid", "script.right", "report.time_exceeded", "report.too_many_rows"],
            example: """
                local today = date.today()
                local answer = report.run("pos.sales_by_day", { from = today, through = today })
                for _, row in ipairs(answer.items) do log.info(row.day) end
                """)
    ]

    static let rules: [HostEntry] = [
        HostEntry(
            "rules.at(contract: string, version: string): table",
            "The rule set of one version, as rules.get told it in version, whatever is in force now: for records that keep the terms under which they were made.",
            errors: ["rules.none", "rules.outdated"], calls: ["rules.load_version"],
            example: """
                local payments = rules.get("pos.payments")
                assert(rules.at("pos.payments", payments.version).version == payments.version)
                """),
        HostEntry(
            "rules.get(contract: string, key?: string): table",
            "The rule set in force for a contract and a key, or the contract's fallback: its values, its functions ready to be called, and version, which tells which one it was.",
            errors: ["rules.none"], calls: ["rules.load"],
            example: """
                local payments = rules.get("pos.payments")
                assert(payments.methods[1].name == "Cash")
                """)
    ]
}
