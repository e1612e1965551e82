import Core

enum YearEndVerb {
    static let verb = Verb(
        "ledger close-year", "MONTH", "End a year with a month: revenue and expenses go to equity",
        options: [
            .tenant, Option("account", "CODE", "The account of equity that takes the result"),
            Option("memo", "TEXT", "For people"), Option("preview", nil, "Show what it would do, and do nothing"),
        ]
    ) { invocation in
        let (api, place) = try invocation.tenantAPI()
        let month = try invocation.arguments.word(0, "MONTH")
        var body: Object = ["account": .string(try invocation.arguments.required("account"))]
        var path = "/api/ledger/periods/\(month.percentEncoded)/close-year"
        if invocation.arguments.has("preview") {
            path += "/preview"
        } else if let memo = invocation.arguments["memo"] {
            body["memo"] = .string(memo)
        }
        let answer = try api.ask("POST", path, .object(body), at: place)
        invocation.answer(answer) {
            let currency = answer["currency"]?.string.flatMap { try? Currency($0) }
            func amount(_ value: Value?) -> String {
                let minor = value?.int ?? 0
                return currency.map { Money(minor: minor, $0).amountText } ?? String(minor)
            }
            var table = Table(("CODE", .left), ("ACCOUNT", .left), ("KIND", .left), ("BALANCE", .right))
            for row in answer["items"]?.array ?? [] {
                table.add(row.text("account"), row.text("name"), row.text("kind"), amount(row["balance"]))
            }
            let numbers = answer["entries"]?.array?.map { $0.text("number") }
            let what = numbers.map { $0.isEmpty ? "nothing to post" : "posted as \($0.joined(separator: ", "))" } ?? "nothing was posted"
            return table.text + "Result \(amount(answer["result"])) \(answer.text("currency")) to \(answer.text("account")): \(what)\n"
        }
        return .done
    }
}
