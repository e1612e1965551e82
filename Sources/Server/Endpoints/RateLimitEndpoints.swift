import Core
import Platform

/// `/api/rate-limits`: how often callers of this tenant may ask.
enum RateLimitEndpoints {
    private static let classes: [RateClass] = [.standard, .analytics, .trigger]

    private static let limit: Schema = .object([
        .init("requests", .integer(minimum: 1, maximum: 1_000_000), required: true, example: 200),
        .init("seconds", .integer(minimum: 1, maximum: 86_400), required: true, example: 60),
    ])

    private static let shown: Schema = .object(
        classes.map { .init($0.rawValue, limit, required: true) }
            + [.init("own", .array(.string(allowed: classes.map(\.rawValue))), required: true, "Those that are the tenant's own.")])

    static func make(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        [
            Endpoint(
                .get, "/api/rate-limits", access: .permission("settings.view"), execution: .read,
                documentation: .init(
                    "Show how often callers may ask, by class of endpoint", tag: "Settings",
                    replies: [.init(200, "The figures in force.", shown)])
            ) { call in Reply(200, value(try RequestLimits.figures(call.database))) },
            Endpoint(
                .put, "/api/rate-limits", access: .permission("settings.edit"), execution: .write,
                documentation: .init(
                    "Set how often callers may ask", tag: "Settings",
                    input: .object(classes.map { .init($0.rawValue, .nullable(limit), "Null or nothing: the usual figure.") }),
                    replies: [.init(200, "The figures in force.", shown)])
            ) { call in
                let before = try RequestLimits.figures(call.database)
                var figures: RequestLimits.Figures = [:]
                for rateClass in classes {
                    guard let given = call.body[rateClass.rawValue], let requests = given["requests"]?.int,
                        let seconds = given["seconds"]?.int
                    else { continue }
                    figures[rateClass] = RateLimit(Int(requests), perSeconds: Int(seconds))
                }
                try application().limits.store(figures, call)
                let changes = Audit.difference(value(before), value(figures))
                try Audit.append(
                    call.database, call.actingUser, "rate_limits.changed", object: ("settings", "rate_limits"),
                    before: changes.before, after: changes.after)
                return Reply(200, value(figures))
            },
        ]
    }

    private static func value(_ figures: RequestLimits.Figures) -> Value {
        var object = Object()
        for rateClass in classes {
            guard let limit = figures[rateClass] ?? RequestLimits.usual(rateClass) else { continue }
            object[rateClass.rawValue] = ["requests": .int(Int64(limit.count)), "seconds": .int(Int64(limit.seconds))]
        }
        object["own"] = .array(classes.filter { figures[$0] != nil }.map { .string($0.rawValue) })
        return .object(object)
    }
}
