import Core
import Storage

/// What a version of a plugin would have changed: recorded requests under the revision in force and under the one with it,
/// compared by how they ended, the answer's money, what they posted and what they sent off.
struct PluginImpact {
    let plan: InstallationPlan
    let currency: Currency
    /// Requests that the log holds.
    let recorded: Int
    /// Those of them that were chosen, whose route there is now.
    let known: Int

    /// Examples that are told of each route.
    static let told = 5

    private struct Route {
        var replayed = 0
        var differ = 0
        var refused = 0
        var effect: Int64 = 0
        var examples: [Value] = []
    }

    typealias Pair = (request: RecordedRequest, before: RequestOutcome, after: RequestOutcome)

    func report(_ pairs: [Pair], before: Revision, after: Revision) -> Value {
        var routes: [String: Route] = [:]
        var accounts: [RequestOutcome.Line: Int64] = [:]
        var effects: [String: (before: Int, after: Int)] = [:]
        for pair in pairs {
            var route = routes[pair.request.route] ?? Route()
            defer { routes[pair.request.route] = route }
            route.replayed += 1
            if pair.before.code != nil, pair.before.code == pair.after.code { route.refused += 1 }
            for (kind, count) in pair.before.effects { effects[kind, default: (0, 0)].before += count }
            for (kind, count) in pair.after.effects { effects[kind, default: (0, 0)].after += count }
            let figures = figures(pair, before.route(pair.request), after.route(pair.request))
            let isSame = pair.before.status == pair.after.status && pair.before.code == pair.after.code && figures.isEmpty
                && pair.before.entries == pair.after.entries && pair.before.effects == pair.after.effects
            if isSame { continue }
            route.differ += 1
            let effect = pair.after.amount(currency.code) &- pair.before.amount(currency.code)
            route.effect &+= effect
            for line in pair.before.entries.joined() { accounts[line.place, default: 0] &-= line.minor }
            for line in pair.after.entries.joined() { accounts[line.place, default: 0] &+= line.minor }
            if route.examples.count < Self.told { route.examples.append(example(pair, figures, effect)) }
        }
        let replayed = pairs.count, differ = routes.values.reduce(0) { $0 + $1.differ }
        let effect = routes.values.reduce(0 as Int64) { $0 &+ $1.effect }
        return [
            "summary": .string("\(replayed) requests replayed, \(differ) differ, \(effect > 0 ? "+" : "")\(Money(minor: effect, currency))"),
            "plugin": .string(plan.name), "version": .string(plan.version), "action": .string(plan.action.rawValue),
            "recorded": .int(Int64(recorded)), "replayed": .int(Int64(replayed)), "unfinished": .int(Int64(known - replayed)),
            "differ": .int(Int64(differ)), "refused": .int(Int64(routes.values.reduce(0) { $0 + $1.refused })), "effect": .int(effect),
            "currency": .string(currency.code),
            "routes": .array(
                routes.sorted { $0.key < $1.key }.map { name, route in
                    [
                        "route": .string(name), "replayed": .int(Int64(route.replayed)), "differ": .int(Int64(route.differ)),
                        "refused": .int(Int64(route.refused)), "effect": .int(route.effect), "examples": .array(route.examples),
                    ]
                }),
            "accounts": .array(
                accounts.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map { line, change in
                    ["account": .string(line.account), "currency": .string(line.currency), "change": .int(change)]
                }),
            "effects": .array(
                effects.sorted { $0.key < $1.key }.map { kind, count in
                    ["kind": .string(kind), "before": .int(Int64(count.before)), "after": .int(Int64(count.after))]
                }),
        ]
    }

    /// The amounts that are other than before, where both versions declare such a field.
    private func figures(_ pair: Pair, _ old: RouteDeclaration?, _ new: RouteDeclaration?) -> [Value] {
        // Of what was refused there is no answer: that it was is the difference.
        guard pair.before.code == nil, pair.after.code == nil else { return [] }
        func names(_ route: RouteDeclaration?) -> Set<String> { Set((route?.output ?? []).map(\.jsonName)) }
        let both = names(old).intersection(names(new))
        let before = Dictionary(pair.before.figures.map { ($0.path, $0.minor) }, uniquingKeysWith: { $1 })
        let after = Dictionary(pair.after.figures.map { ($0.path, $0.minor) }, uniquingKeysWith: { $1 })
        return Set(before.keys).union(after.keys).sorted().compactMap { path in
            guard before[path] != after[path], both.contains(String(path.prefix { $0 != "." && $0 != "[" })) else { return nil }
            return ["path": .string(path), "before": before[path].map(Value.int) ?? .null, "after": after[path].map(Value.int) ?? .null]
        }
    }

    private func example(_ pair: Pair, _ figures: [Value], _ effect: Int64) -> Value {
        func end(_ outcome: RequestOutcome) -> Value {
            [
                "status": .int(Int64(outcome.status)), "code": outcome.code.map(Value.string) ?? .null,
                "entries": .array(
                    outcome.entries.map { entry in
                        .array(entry.map { ["account": .string($0.account), "currency": .string($0.currency), "amount": .int($0.minor)] })
                    }),
                "effects": .object(Object(outcome.effects.sorted { $0.key < $1.key }.map { ($0.key, Value.int(Int64($0.value))) })),
            ]
        }
        return [
            "at": .string(pair.request.at.description), "user": .string(pair.request.principal.username),
            "parameters": .object(Object(pair.request.parameters.sorted { $0.key < $1.key }.map { ($0.key, Value.string($0.value)) })),
            "before": end(pair.before), "after": end(pair.after), "figures": .array(figures), "effect": .int(effect),
        ]
    }

    private static let endSchema: Schema = .object([
        .init("status", .integer(), required: true), .init("code", .nullable(.string()), required: true, "Of the refusal."),
        .init("entries", .array(.array(.any)), required: true, "What is posted, entry by entry: account, currency, amount, debits positive."),
        .init("effects", .map(.integer(minimum: 0)), required: true, "What is queued, by kind: mail, http, message, print, job."),
    ])

    static let schema: Schema = .object([
        .init("summary", .string(), required: true, "In one line.", example: "312 requests replayed, 14 differ, -38.00 GHS"),
        .init("plugin", .string(), required: true), .init("version", .string(), required: true), .init("action", .string(), required: true),
        .init("recorded", .integer(minimum: 0), required: true, "Requests that are recorded; the newest of each route are replayed."),
        .init("replayed", .integer(minimum: 0), required: true),
        .init("unfinished", .integer(minimum: 0), required: true, "Those that there was no time for."),
        .init("differ", .integer(minimum: 0), required: true),
        .init("refused", .integer(minimum: 0), required: true, "Those that both refuse in the same way: they count as equal."),
        .init("effect", .integer(), required: true, "In minor units."), .init("currency", .string(), required: true),
        .init(
            "routes",
            .array(
                .object([
                    .init("route", .string(), required: true, example: "POST /api/sales"), .init("replayed", .integer(minimum: 0), required: true),
                    .init("differ", .integer(minimum: 0), required: true), .init("refused", .integer(minimum: 0), required: true),
                    .init("effect", .integer(), required: true),
                    .init(
                        "examples",
                        .array(
                            .object([
                                .init("at", .instant, required: true), .init("user", .string(), required: true),
                                .init("parameters", .map(.string()), required: true), .init("before", endSchema, required: true),
                                .init("after", endSchema, required: true),
                                .init("figures", .array(.any), required: true, "Amounts of the answer: path, before, after."),
                                .init("effect", .integer(), required: true),
                            ])), required: true, "The first of those that differ."),
                ])), required: true),
        .init("accounts", .array(.any), required: true, "What the differing requests post, more or less than before: account, currency, change, debits positive."),
        .init("effects", .array(.any), required: true, "What is queued in all: kind, before, after."),
    ])
}

extension RequestOutcome.Line {
    /// The account alone.
    fileprivate var place: RequestOutcome.Line { RequestOutcome.Line(account: account, currency: currency, minor: 0) }
}
