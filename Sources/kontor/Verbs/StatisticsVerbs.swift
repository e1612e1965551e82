import Core

/// How a business uses the server, from the command line.
enum StatisticsVerbs {
    private static let span = [
        Option.tenant, Option("from", "INSTANT", "From then on, such as 2026-01-31T09:30:00.000Z (else the last day)"),
        Option("until", "INSTANT", "Up to then (else now)"),
    ]

    private static func query(_ invocation: Invocation) -> String {
        let parts = ["from", "until"].compactMap { name in invocation.arguments[name].map { "\(name)=\($0.percentEncoded)" } }
        return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }

    static let all = [
        Verb("stats endpoints", "", "Print how often and how fast each endpoint answered, the busiest first", options: span) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let answer = try api.ask("GET", "/api/statistics/endpoints\(query(invocation))", at: place)
            var table = Table(
                ("ENDPOINT", .left), ("REQUESTS", .right), ("ERRORS", .right), ("ERROR RATE", .right), ("AVERAGE MS", .right), ("P50", .right),
                ("P95", .right), ("P99", .right), ("LONGEST", .right))
            for item in answer["items"]?.array ?? [] {
                table.add(
                    item.text("endpoint"), item.text("requests"), item.text("errors"), item.text("error_rate"), item.text("average_ms"),
                    item.text("p50_ms"), item.text("p95_ms"), item.text("p99_ms"), item.text("maximum_ms"))
            }
            invocation.answer(answer) { table.text }
            return .done
        },
        Verb("stats users", "", "Print who asked most", options: span) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let answer = try api.ask("GET", "/api/statistics/users\(query(invocation))", at: place)
            var table = Table(("USER", .left), ("REQUESTS", .right), ("LAST", .left))
            for item in answer["items"]?.array ?? [] { table.add(item.text("username"), item.text("requests"), item.text("last_at")) }
            invocation.answer(answer) { table.text }
            return .done
        },
    ]
}
