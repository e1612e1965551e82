import Core

/// `date`: business dates as ISO text, computed exactly.
enum DateModule {
    static let functions: [HostFunction] = [
        HostFunction("date", "today", .all, "today(): the tenant's business date, \"2026-01-31\"") { run, _ in
            .string(run.scope.today.description)
        },
        HostFunction("date", "now", .all, "now(): the time of the request, UTC, \"2026-01-31T09:30:00.000Z\"") { run, _ in
            .string(run.scope.now.description)
        },
        HostFunction("date", "add", .all, "add(date, { days =, months = }): months first, the day clamped to the month") { _, arguments in
            var date = try arguments.date(0)
            let span = try arguments.object(1)
            for (unit, amount) in span {
                guard case .int(let count) = amount, abs(count) <= 400_000 else { throw arguments.wrong(1, "must count whole \(unit)") }
                switch unit {
                case "months", "days": break
                default: throw arguments.wrong(1, "knows days and months, not “\(unit)”")
                }
            }
            if case .int(let months)? = span["months"] { date = try date.adding(months: Int(months)) }
            if case .int(let days)? = span["days"] { date = try date.adding(days: Int(days)) }
            return .string(date.description)
        },
        HostFunction("date", "diff", .all, "diff(from, to): days from one date to the other") { _, arguments in
            .int(Int64(try arguments.date(0).days(until: try arguments.date(1))))
        },
        HostFunction("date", "parse", .all, "parse(text): the parts of a date: year, month, day, weekday (1 = Monday)") { _, arguments in
            let date = try arguments.date(0)
            return ["year": .int(Int64(date.year)), "month": .int(Int64(date.month)), "day": .int(Int64(date.day)), "weekday": .int(Int64(date.weekday.rawValue))]
        },
    ]
}
