import Core
import Scripting

/// `tax`: a document's taxes by the profile in force for its date.
enum TaxModule {
    static let functions: [HostFunction] = [
        HostFunction(
            "tax", "calculate", .all,
            "calculate{ date =, profile =, branch =, lines = { { amount =, product = … }, … } }: net, tax, total, taxes and the share of each line",
            flat: { run, arguments, results in
                let given = arguments.remainder
                let document = try Document(&arguments, run)
                let calculation = try Calculation(document, run)
                let start = results.count
                calculation.write(to: &results)
                run.scope.used(calculation.set)
                run.scope.decided(calculation.set, "tax.calculate", input: given) { results.bytes(from: start) }
            })
    ]

    /// Works a document out again by a given profile: from the bytes that crossed, to those that would.
    static func calculate(_ document: [UInt8], by set: RuleSet, _ run: HostRun) throws -> [UInt8] {
        try document.withUnsafeBytes { bytes in
            var reader = FlatReader(bytes)
            let calculation = try Calculation(try Document(&reader, run), run, by: set)
            return Flat.bytes { calculation.write(to: &$0) } ?? []
        }
    }

    /// What the script passed. The lines stay bytes: the profile's own function is what reads them.
    private struct Document {
        var date: CalendarDate
        var profile: String?
        var branch: Int64?
        var lines: [UnsafeRawBufferPointer] = []
        var amounts: [Int64] = []

        init(_ reader: inout FlatReader, _ run: HostRun) throws {
            let currency = run.scope.tenant.currency
            var date: CalendarDate?
            var profile: String?
            var branch: Int64?
            var lines: [UnsafeRawBufferPointer] = []
            var amounts: [Int64] = []
            try reader.readMap { key, value in
                switch key {
                case "date":
                    guard value.tag != .null else { return }
                    guard value.tag == .string, let given = try? CalendarDate(try value.readString()) else {
                        throw TaxModule.wrong("must have a date such as \"2026-01-31\"")
                    }
                    date = given
                case "profile": profile = try value.optionalString()
                case "branch": branch = try value.optionalInt()
                case "lines":
                    try value.readArray { line in
                        var look = line
                        lines.append(try line.readRaw())
                        var amount: Money?
                        try look.readMap { key, value in
                            if key == "amount", value.tag == .money { amount = try value.readMoney() }
                        }
                        guard let amount, amount.currency == currency else {
                            throw TaxModule.wrong("must have an amount of money in \(currency.code) in lines[\(lines.count)]")
                        }
                        amounts.append(amount.minor)
                    }
                default: throw TaxModule.wrong("has “\(key.string)”, which is not known; there are date, profile, branch, lines")
                }
            }
            if lines.isEmpty { throw TaxModule.wrong("must have lines") }
            self.date = date ?? run.scope.today
            self.profile = profile
            self.branch = branch
            self.lines = lines
            self.amounts = amounts
        }
    }

    fileprivate static func wrong(_ message: String) -> Problem {
        Problem(422, "script.argument", "tax.calculate: argument 1 \(message).")
    }

    private struct Calculation {
        let set: RuleSet
        let currency: Currency
        let result: TaxResult
        let components: [String: [TaxProfile.Component]]

        init(_ document: Document, _ run: HostRun, by given: RuleSet? = nil) throws {
            currency = run.scope.tenant.currency
            let set = try given ?? TaxModule.profile(run, named: document.profile, branch: document.branch)
            guard let profile = set.content.taxProfile else {
                throw Problem(422, "tax.no_profile", "\(set.path) is no tax profile.")
            }
            self.set = set
            let categories = try TaxModule.classify(document.lines, set, run)
            var components: [String: [TaxProfile.Component]] = [:]
            for category in categories where components[category] == nil {
                components[category] = profile.components(for: category, on: document.date)
            }
            self.components = components
            result = try TaxArithmetic.calculate(
                TaxDocument(
                    prices: profile.pricesIncludeTax ? .inclusive : .exclusive,
                    rounding: profile.roundsPerLine ? .lineHalfUp : .documentHalfUp,
                    categories: components.mapValues { list in
                        list.map { component in
                            // A base that is not in force on the day adds nothing.
                            let base = component.base.filter { name in name == "net" || list.contains { $0.code == name } }
                            return TaxDocument.Component(component.code, rate: component.rate, base: base)
                        }
                    },
                    lines: zip(categories, document.amounts).map { TaxDocument.Line($0, $1) }))
        }

        func write(to writer: inout FlatWriter) {
            func money(_ key: StaticString, _ minor: Int64) {
                writer.key(key)
                writer.money(Money(minor: minor, currency))
            }
            func rows<Row>(_ key: StaticString, _ rows: [Row], members: Int, _ write: (Row) -> Void) {
                writer.key(key)
                writer.beginArray(rows.count)
                for row in rows {
                    writer.beginMap(members)
                    write(row)
                }
            }
            func tax(_ code: String, _ amount: Int64, details: () -> Void = {}) {
                writer.key("code")
                writer.string(code)
                details()
                money("amount", amount)
            }
            writer.beginMap(6)
            money("net", result.net)
            money("tax", result.tax)
            money("total", result.gross)
            writer.key("profile")
            writer.string(set.reference)
            rows("taxes", taxes, members: 5) { row in
                tax(row.code, row.amount) {
                    writer.key("rate")
                    writer.decimal(row.rate)
                    writer.key("account")
                    writer.string(row.account)
                    money("base", row.base)
                }
            }
            rows("lines", result.lines, members: 5) { line in
                writer.key("category")
                writer.string(line.category)
                money("net", line.net)
                money("tax", line.gross - line.net)
                money("total", line.gross)
                rows("taxes", line.taxes, members: 2) { share in tax(share.code, share.amount) }
            }
        }

        /// One row for each tax, rate and account, over the categories.
        private var taxes: [(code: String, rate: Decimal, account: String, base: Int64, amount: Int64)] {
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
            return taxes
        }
    }

    /// The profile asked for by its id, or the one that serves the branch.
    private static func profile(_ run: HostRun, named id: String?, branch: Int64?) throws -> RuleSet {
        if let id { return try RulesModule.ruleSet(run, "tax", key: id) }
        let scope = run.scope
        return try TaxProfileChoice.profile(scope.revision, country: scope.tenant.country, branch: branch, scope.database)
    }

    /// The category of each line, by the profile's own function, in one run.
    private static func classify(_ lines: [UnsafeRawBufferPointer], _ set: RuleSet, _ run: HostRun) throws -> [String] {
        let inner = HostRun(run.scope, phase: .compute, package: run.package)
        return try ScriptCall.each(
            set.content.program, "classify", inner,
            arguments: { writer in
                writer.beginArray(lines.count)
                for line in lines {
                    writer.beginArray(1)
                    writer.raw(line)
                }
            },
            result: { reader in
                var categories: [String] = []
                try reader.readArray { category in
                    guard category.tag == .string else {
                        throw Problem(
                            422, "tax.unclassified",
                            "classify of \(set.reference) gave \(category.tag.name) for line \(categories.count + 1), not a category.",
                            field: "lines[\(categories.count)]")
                    }
                    let word = try category.readString()
                    if word.isEmpty {
                        throw Problem(
                            422, "tax.unclassified", "classify of \(set.reference) gave an empty category for line \(categories.count + 1).",
                            field: "lines[\(categories.count)]")
                    }
                    categories.append(word)
                }
                return categories
            })
    }
}
