import Core
import Scripting

/// `tax`: a document's taxes by the profile in force for its date.
enum TaxModule {
    static let functions: [HostFunction] = [
        HostFunction(
            "tax", "calculate", .all,
            "calculate{ date =, lines = { { amount =, product = … }, … } }: net, tax, total, taxes and the share of each line",
            calculate)
    ]

    private static func calculate(_ run: HostRun, _ arguments: Arguments) throws -> Value {
        let document = try arguments.object(0)
        let currency = run.scope.tenant.currency
        var date = run.scope.today
        if let text = document["date"]?.string {
            guard let given = try? CalendarDate(text) else { throw arguments.wrong(0, "must have a date such as \"2026-01-31\"") }
            date = given
        }
        guard let lines = document["lines"]?.items, !lines.isEmpty else { throw arguments.wrong(0, "must have lines") }
        let set = try profile(run, named: document["profile"]?.string)
        guard let profile = set.content.taxProfile else {
            throw Problem(422, "tax.no_profile", "\(set.path) is no tax profile.")
        }

        let categories = try classify(lines, set, run)
        var components: [String: [TaxProfile.Component]] = [:]
        for category in categories where components[category] == nil {
            components[category] = profile.components(for: category, on: date)
        }
        let amounts = try lines.enumerated().map { index, line in
            guard case .money(let amount)? = line["amount"], amount.currency == currency else {
                throw arguments.wrong(0, "must have an amount of money in \(currency.code) in lines[\(index + 1)]")
            }
            return amount.minor
        }
        let result = try TaxArithmetic.calculate(
            TaxDocument(
                prices: profile.pricesIncludeTax ? .inclusive : .exclusive,
                rounding: profile.roundsPerLine ? .lineHalfUp : .documentHalfUp,
                categories: components.mapValues { list in
                    let codes = Set(list.map(\.code))
                    return list.map { component in
                        TaxDocument.Component(
                            component.code, rate: component.rate, base: component.base.filter { $0 == "net" || codes.contains($0) })
                    }
                },
                lines: zip(categories, amounts).map { TaxDocument.Line($0, $1) }))
        return answer(result, components, set, currency)
    }

    /// The profile asked for by its id, or the one of the tenant's country.
    private static func profile(_ run: HostRun, named id: String?) throws -> RuleSet {
        if let id { return try RulesModule.ruleSet(run, "tax", key: id) }
        let country = run.scope.tenant.country
        let sets = run.scope.revision.ruleSets["tax"] ?? [:]
        let fitting = sets.values.filter { $0.content.taxProfile?.country == country }
        guard let set = fitting.min(by: { $0.key < $1.key }) else {
            throw Problem(422, "tax.no_profile", "There is no tax profile for the country \(country) in force.")
        }
        return set
    }

    private static func classify(_ lines: [Value], _ set: RuleSet, _ run: HostRun) throws -> [String] {
        let inner = HostRun(run.scope, phase: .compute, package: nil)
        let result = try ScriptCall.each(set.content.program, "classify", lines.map { [$0] }, .request, inner)
        return try result.enumerated().map { index, category in
            guard case .string(let text) = category, !text.isEmpty else {
                throw Problem(
                    422, "tax.unclassified", "classify of \(set.reference) gave \(category.kind) for line \(index + 1), not a category.",
                    field: "lines[\(index)]")
            }
            return text
        }
    }

    private static func answer(
        _ result: TaxResult, _ components: [String: [TaxProfile.Component]], _ set: RuleSet, _ currency: Currency
    ) -> Value {
        func money(_ minor: Int64) -> Value { .money(Money(minor: minor, currency)) }
        // One row for each tax and rate, over the categories.
        var taxes: [(code: String, rate: Decimal, account: String, base: Int64, amount: Int64)] = []
        for category in result.categories {
            for tax in category.taxes {
                let account = components[category.category]?.first { $0.code == tax.code }?.account ?? ""
                if let index = taxes.firstIndex(where: { $0.code == tax.code && $0.rate == tax.rate && $0.account == account }) {
                    taxes[index].base += tax.base
                    taxes[index].amount += tax.amount
                } else {
                    taxes.append((tax.code, tax.rate, account, tax.base, tax.amount))
                }
            }
        }
        return [
            "net": money(result.net), "tax": money(result.tax), "total": money(result.gross), "profile": .string(set.reference),
            "taxes": .array(taxes.map { tax in
                [
                    "code": .string(tax.code), "rate": .decimal(tax.rate), "account": .string(tax.account), "base": money(tax.base),
                    "amount": money(tax.amount),
                ]
            }),
            "lines": .array(result.lines.map { line in
                [
                    "category": .string(line.category), "net": money(line.net), "tax": money(line.gross - line.net), "total": money(line.gross),
                    "taxes": .array(line.taxes.map { ["code": .string($0.code), "amount": money($0.amount)] }),
                ]
            }),
        ]
    }
}
