import Core

/// The rules of tax, said once more with fractions of any size, step by step and without thought of speed.
/// It shares no line with `TaxArithmetic`: where both agree, the rule was understood twice.
enum ReferenceTax {
    static func calculate(_ document: TaxDocument) -> TaxResult? {
        var nets = document.lines.map(\.amount)
        var grosses = nets
        var shares = document.lines.map { _ in [Int64]() }
        var names: [String] = []
        for line in document.lines where !names.contains(line.category) { names.append(line.category) }
        var categories: [TaxResult.Category] = []
        for name in names {
            guard let components = document.categories[name] else { return nil }
            let places = document.lines.indices.filter { document.lines[$0].category == name }
            for (number, component) in components.enumerated() {
                var exact: [BigRational] = []
                for place in places {
                    let amount = BigRational(document.lines[place].amount)
                    switch document.prices {
                    case .exclusive:
                        var base = BigRational(component.base.contains("net") ? document.lines[place].amount : 0)
                        for earlier in 0..<number where component.base.contains(components[earlier].code) {
                            base = base + BigRational(shares[place][earlier])
                        }
                        exact.append(base * rate(component))
                    case .inclusive:
                        let all = components.indices.map { effectiveRate($0, components) }
                        exact.append(amount * all[number] / all.reduce(BigRational(1), +))
                    }
                }
                let rounded = document.rounding == .lineHalfUp ? exact.map(\.roundedHalfUp) : shared(exact)
                for (place, share) in zip(places, rounded) {
                    guard let share = share.int64 else { return nil }
                    shares[place].append(share)
                }
            }
            for place in places {
                let tax = shares[place].reduce(0, +)
                switch document.prices {
                case .exclusive: grosses[place] = nets[place] + tax
                case .inclusive: nets[place] = grosses[place] - tax
                }
            }
            let net = places.reduce(0) { $0 + nets[$1] }
            var taxes: [TaxResult.Tax] = []
            for (number, component) in components.enumerated() {
                var base: Int64 = component.base.contains("net") ? net : 0
                for earlier in taxes where component.base.contains(earlier.code) { base += earlier.amount }
                let amount = places.reduce(0) { $0 + shares[$1][number] }
                taxes.append(.init(code: component.code, rate: component.rate, base: base, amount: amount))
            }
            categories.append(
                .init(category: name, net: net, taxes: taxes, gross: places.reduce(0) { $0 + grosses[$1] }))
        }
        let lines = document.lines.indices.map { place in
            let name = document.lines[place].category
            let codes = (document.categories[name] ?? []).map(\.code)
            return TaxResult.Line(
                category: name, net: nets[place],
                taxes: zip(codes, shares[place]).map { .init(code: $0, amount: $1) }, gross: grosses[place])
        }
        let gross = grosses.reduce(0, +), net = nets.reduce(0, +)
        return TaxResult(lines: lines, categories: categories, net: net, tax: gross - net, gross: gross)
    }

    /// Round the whole half up, give every line the whole units of its share, and then unit by unit to
    /// whoever is furthest below its share.
    static func shared(_ exact: [BigRational]) -> [BigInteger] {
        let sum = exact.reduce(BigRational(0), +)
        let zero = BigRational(0)
        let first = exact.first { $0 != zero } ?? zero
        if sum < zero || (sum == zero && first < zero) {
            return shared(exact.map { zero - $0 }).map { -$0 }
        }
        var given = exact.map(\.floor)
        while given.reduce(BigInteger(0), +) < sum.roundedHalfUp {
            var neediest = 0
            for line in exact.indices
            where exact[line] - BigRational(given[line]) > exact[neediest] - BigRational(given[neediest]) {
                neediest = line
            }
            given[neediest] = given[neediest] + BigInteger(1)
        }
        return given
    }

    private static func effectiveRate(_ number: Int, _ components: [TaxDocument.Component]) -> BigRational {
        var base = BigRational(components[number].base.contains("net") ? 1 : 0)
        for earlier in 0..<number where components[number].base.contains(components[earlier].code) {
            base = base + effectiveRate(earlier, components)
        }
        return base * rate(components[number])
    }

    private static func rate(_ component: TaxDocument.Component) -> BigRational {
        var denominator = BigInteger(1)
        for _ in 0..<component.rate.scale { denominator = denominator * BigInteger(10) }
        return BigRational(BigInteger(component.rate.coefficient), over: denominator)
    }
}
