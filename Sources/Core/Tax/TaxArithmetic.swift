/// The arithmetic of taxes, for any country: the rates and their order come with the document.
///
/// Prices without tax: each tax is its rate on its base (the net amount plus the taxes that the base
/// names, as rounded), rounded half up, once per document and category or on every line; shared over
/// the lines by largest remainder. Prices with tax: each tax is the exact part that its effective rate
/// has in the gross amount, rounded half up; the net amount is what is left, and no line's gross changes.
package enum TaxArithmetic {
    /// - Throws: `TaxError`; `.overflow` when an exact result would need more than 128 bits.
    package static func calculate(_ document: TaxDocument) throws(TaxError) -> TaxResult {
        for components in document.categories.values { try check(components) }
        var order: [String] = []
        var members: [String: [Int]] = [:]
        for (index, line) in document.lines.enumerated() {
            guard document.categories[line.category] != nil else {
                throw .unknownCategory(line: index, category: line.category)
            }
            if members[line.category] == nil { order.append(line.category) }
            members[line.category, default: []].append(index)
        }
        var lines = [TaxResult.Line?](repeating: nil, count: document.lines.count)
        var categories: [TaxResult.Category] = []
        for name in order {
            let components = document.categories[name] ?? []
            let places = members[name] ?? []
            let group = try group(
                places.map { document.lines[$0].amount }, components, document.prices, document.rounding)
            for (index, place) in places.enumerated() {
                lines[place] = TaxResult.Line(
                    category: name, net: group.nets[index],
                    taxes: components.indices.map {
                        TaxResult.Share(code: components[$0].code, amount: group.shares[$0][index])
                    },
                    gross: group.grosses[index])
            }
            categories.append(try category(name, components, group))
        }
        return TaxResult(
            lines: lines.compactMap { $0 }, categories: categories,
            net: try Exact.sum(categories.map(\.net)),
            tax: try Exact.sum(categories.flatMap { $0.taxes.map(\.amount) }),
            gross: try Exact.sum(categories.map(\.gross)))
    }

    /// The lines of one category: `shares[component][line]`.
    private struct Group {
        var nets: [Int64]
        /// Of each component, what it is a share of: the nets, and the shares that its base names.
        var bases: [[Int64]] = []
        var shares: [[Int64]] = []
        var grosses: [Int64]
    }

    private static func group(
        _ amounts: [Int64], _ components: [TaxDocument.Component], _ prices: TaxDocument.Prices,
        _ rounding: TaxDocument.Rounding
    ) throws(TaxError) -> Group {
        var group = Group(nets: amounts, grosses: amounts)
        switch prices {
        case .exclusive:
            for component in components {
                group.bases.append(try bases(of: component, components, group))
                group.shares.append(
                    try shares(group.bases[group.shares.count], Int128(component.rate.coefficient), PowerOfTen.of(component.rate.scale), rounding))
            }
            for line in amounts.indices {
                var gross = Int128(amounts[line])
                for shares in group.shares { gross += Int128(shares[line]) }
                group.grosses[line] = try Exact.narrow(gross)
            }
        case .inclusive:
            let parts = try partsOfGross(components)
            for part in parts.numerators {
                group.shares.append(try shares(amounts, part, parts.denominator, rounding))
            }
            for line in amounts.indices {
                let taxes = group.shares.reduce(Int128(0)) { $0 + Int128($1[line]) }
                group.nets[line] = try Exact.narrow(Int128(amounts[line]) - taxes)
            }
            for component in components { group.bases.append(try bases(of: component, components, group)) }
        }
        return group
    }

    private static func shares(
        _ amounts: [Int64], _ numerator: Int128, _ denominator: Int128, _ rounding: TaxDocument.Rounding
    ) throws(TaxError) -> [Int64] {
        switch rounding {
        case .documentHalfUp:
            return try ProportionalShares(of: amounts, numerator: numerator, denominator: denominator).parts
        case .lineHalfUp:
            var shares: [Int64] = []
            for amount in amounts {
                let exact = try Exact.multiply(Int128(amount), numerator)
                shares.append(try Exact.narrow(RoundingMode.halfUp.divide(exact, by: denominator)))
            }
            return shares
        }
    }

    /// Per line, net plus the shares of the taxes that the component's base names.
    private static func bases(
        of component: TaxDocument.Component, _ components: [TaxDocument.Component], _ group: Group
    ) throws(TaxError) -> [Int64] {
        if component.base.count == 1, component.base[0] == net { return group.nets }
        var sums = component.base.contains(net) ? group.nets.map { Int128($0) } : [Int128](repeating: 0, count: group.nets.count)
        for (index, shares) in group.shares.enumerated() where component.base.contains(components[index].code) {
            for line in shares.indices { sums[line] += Int128(shares[line]) }
        }
        var bases: [Int64] = []
        bases.reserveCapacity(sums.count)
        for sum in sums { bases.append(try Exact.narrow(sum)) }
        return bases
    }

    private static func category(
        _ name: String, _ components: [TaxDocument.Component], _ group: Group
    ) throws(TaxError) -> TaxResult.Category {
        var taxes: [TaxResult.Tax] = []
        taxes.reserveCapacity(components.count)
        for (index, component) in components.enumerated() {
            taxes.append(
                TaxResult.Tax(
                    code: component.code, rate: component.rate, base: try Exact.sum(group.bases[index]),
                    amount: try Exact.sum(group.shares[index])))
        }
        return TaxResult.Category(
            category: name, net: try Exact.sum(group.nets), taxes: taxes, gross: try Exact.sum(group.grosses))
    }

    private static let net = "net"

    private static func check(_ components: [TaxDocument.Component]) throws(TaxError) {
        var known = [net]
        for component in components {
            guard component.code != net else { throw .reservedCode }
            guard !known.contains(component.code) else { throw .duplicateComponent(component.code) }
            guard !component.rate.isNegative else { throw .negativeRate(component: component.code) }
            guard !component.base.isEmpty else { throw .emptyBase(component: component.code) }
            for (index, base) in component.base.enumerated() {
                guard known.contains(base) else { throw .unknownBase(component: component.code, base: base) }
                guard !component.base[..<index].contains(base) else {
                    throw .repeatedBase(component: component.code, base: base)
                }
            }
            known.append(component.code)
        }
    }

    /// What part of a gross amount each tax is: effective rate / (1 + all effective rates), exactly.
    ///
    /// A compound tax has a compound rate: 15 % on net and levies of 6 % is 15.9 % of net.
    private static func partsOfGross(
        _ components: [TaxDocument.Component]
    ) throws(TaxError) -> (numerators: [Int128], denominator: Int128) {
        var one: Int128 = 1  // all effective rates are fractions of this
        var effective: [Int128] = []
        for component in components {
            var base: Int128 = component.base.contains(net) ? one : 0
            for (rate, earlier) in zip(effective, components) where component.base.contains(earlier.code) {
                base = try Exact.add(base, rate)
            }
            let scale = PowerOfTen.of(component.rate.scale)
            for index in effective.indices { effective[index] = try Exact.multiply(effective[index], scale) }
            one = try Exact.multiply(one, scale)
            effective.append(try Exact.multiply(base, Int128(component.rate.coefficient)))
            let common = effective.reduce(one, Exact.greatestCommonDivisor)
            one /= common
            for index in effective.indices { effective[index] /= common }
        }
        var whole = one
        for rate in effective { whole = try Exact.add(whole, rate) }
        return (effective, whole)
    }
}
