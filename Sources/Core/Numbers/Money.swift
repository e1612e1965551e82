/// Why money could not be made or moved. Published codes are under `problem`.
package enum MoneyError: Error, Sendable, Equatable {
    case overflow
    case currencyMismatch(Currency, Currency)
    case unknownCurrency(String)
    case malformed(String)
    /// More digits after the point than the currency has.
    case tooPrecise(String, Currency)
    /// No weights, or all of them zero.
    case noWeights
    case negativeWeight
    /// Parts fewer than 1.
    case invalidCount(Int)
}

extension MoneyError: ProblemConvertible {
    package var code: String {
        switch self {
        case .overflow: "money.overflow"
        case .currencyMismatch: "money.currency_mismatch"
        case .unknownCurrency: "money.unknown_currency"
        case .malformed: "money.malformed"
        case .tooPrecise: "money.too_precise"
        case .noWeights: "money.no_weights"
        case .negativeWeight: "money.negative_weight"
        case .invalidCount: "money.invalid_count"
        }
    }

    package var problem: Problem {
        switch self {
        case .overflow: Problem(422, code, "The amount is too large.")
        case .currencyMismatch(let left, let right):
            Problem(422, code, "\(left) and \(right) cannot be mixed without a rate.")
        case .unknownCurrency(let code):
            Problem(422, self.code, "\"\(code.prefix(20))\" is not a currency code; use one of ISO 4217, such as GHS.")
        case .malformed(let text):
            Problem(422, code, "\"\(text.prefix(60))\" is not an amount; write it like \"10.00\".")
        case .tooPrecise(let text, let currency):
            Problem(
                422, code,
                "\"\(text.prefix(60))\" has more than \(currency.exponent) digits after the point, the most that \(currency) has.")
        case .noWeights: Problem(422, code, "An amount cannot be shared when every weight is zero.")
        case .negativeWeight: Problem(422, code, "A weight is negative.")
        case .invalidCount(let count): Problem(422, code, "An amount cannot be split into \(count) parts.")
        }
    }
}

/// An amount of one currency in whole minor units; no operation invents or loses one.
package struct Money: Hashable, Sendable {
    /// Pesewas for GHS, yen for JPY, fils for KWD.
    package let minor: Int64
    package let currency: Currency

    package init(minor: Int64, _ currency: Currency) {
        self.minor = minor
        self.currency = currency
    }

    package static func zero(_ currency: Currency) -> Money { Money(minor: 0, currency) }

    /// Reads `-?digits(.digits)?` exactly: "10", "10.5" and "10.50" are the same amount of GHS, and
    /// "10.500" is refused because it has more digits than the currency.
    package static func parse(_ text: String, _ currency: Currency) throws(MoneyError) -> Money {
        let places = text.utf8.lastIndex(of: UInt8(ascii: ".")).map {
            text.utf8.distance(from: $0, to: text.utf8.endIndex) - 1
        }
        let number: Decimal
        do { number = try Decimal(text) } catch {
            switch error {
            case .malformed: throw .malformed(text)
            case .tooManyPlaces: throw .tooPrecise(text, currency)
            default: throw .overflow
            }
        }
        guard (places ?? 0) <= currency.exponent else { throw .tooPrecise(text, currency) }
        let minor = Int128(number.coefficient) * PowerOfTen.of(currency.exponent - number.scale)
        return Money(minor: try narrowed(minor), currency)
    }

    /// Reads what `description` writes: "10.00 GHS".
    package static func parse(_ text: String) throws(MoneyError) -> Money {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .malformed(text) }
        return try parse(String(parts[0]), Currency(String(parts[1])))
    }

    package var isZero: Bool { minor == 0 }
    package var isNegative: Bool { minor < 0 }
    package var isPositive: Bool { minor > 0 }

    /// The amount in whole units, exactly: 12.50 for 1250 pesewas.
    package var decimal: Decimal {
        get throws(MoneyError) {
            do { return try Decimal(coefficient: minor, scale: currency.exponent) } catch { throw .overflow }
        }
    }
}

// MARK: Arithmetic

extension Money {
    package func adding(_ other: Money) throws(MoneyError) -> Money {
        try same(other)
        let (sum, overflow) = minor.addingReportingOverflow(other.minor)
        guard !overflow else { throw .overflow }
        return Money(minor: sum, currency)
    }

    package func subtracting(_ other: Money) throws(MoneyError) -> Money {
        try same(other)
        let (difference, overflow) = minor.subtractingReportingOverflow(other.minor)
        guard !overflow else { throw .overflow }
        return Money(minor: difference, currency)
    }

    package func negated() throws(MoneyError) -> Money {
        try Money(minor: Self.narrowed(-Int128(minor)), currency)
    }

    /// −1, 0 or 1 as this is less than, equal to or more than `other`.
    package func compared(to other: Money) throws(MoneyError) -> Int {
        try same(other)
        return minor < other.minor ? -1 : (minor == other.minor ? 0 : 1)
    }

    /// The product, rounded once to whole minor units.
    package func multiplied(by factor: Decimal, rounding: RoundingMode) throws(MoneyError) -> Money {
        let product = Int128(minor) * Int128(factor.coefficient)
        return try Money(minor: Self.narrowed(rounding.divide(product, by: PowerOfTen.of(factor.scale))), currency)
    }

    /// To a multiple of so many whole units: 12.37 to the nearest "0.05" is 12.35.
    /// - Parameter step: > 0 and no finer than the currency.
    package func rounded(toMultipleOf step: Money, rounding: RoundingMode) throws(MoneyError) -> Money {
        try same(step)
        guard step.minor > 0 else { throw .malformed(step.description) }
        let count = rounding.divide(Int128(minor), by: Int128(step.minor))
        return try Money(minor: Self.narrowed(count * Int128(step.minor)), currency)
    }

    /// Parts that differ by at most one minor unit and add up exactly; the larger come first.
    /// - Parameter count: ≥ 1.
    package func split(into count: Int) throws(MoneyError) -> [Money] {
        guard (1...1_000_000).contains(count) else { throw .invalidCount(count) }
        return try split(by: [Int64](repeating: 1, count: count))
    }

    /// Splits the amount so that the parts add up to it exactly.
    ///
    /// Leftover minor units go to the largest remainders, ties to the earlier part. A negative amount
    /// splits like its positive, negated.
    /// - Parameter weights: relative shares, each ≥ 0, at least one > 0.
    /// - Throws: `MoneyError.noWeights` when every weight is zero.
    /// Source: the largest-remainder method (Hamilton apportionment).
    package func split(by weights: [Int64]) throws(MoneyError) -> [Money] {
        try Apportionment.shares(of: minor, by: weights).map { Money(minor: $0, currency) }
    }

    package static func sum(_ amounts: some Sequence<Money>, _ currency: Currency) throws(MoneyError) -> Money {
        var total = Money.zero(currency)
        for amount in amounts { total = try total.adding(amount) }
        return total
    }

    private func same(_ other: Money) throws(MoneyError) {
        guard currency == other.currency else { throw .currencyMismatch(currency, other.currency) }
    }

    private static func narrowed(_ wide: Int128) throws(MoneyError) -> Int64 {
        guard let narrow = Int64(exactly: wide) else { throw .overflow }
        return narrow
    }
}

/// Largest remainder over plain integers.
package enum Apportionment {
    /// Shares of `amount` in proportion to `weights`: they add up to it exactly, leftover units go to the
    /// largest remainders, ties to the earlier share; a negative amount is shared like its positive.
    package static func shares(of amount: Int64, by weights: [Int64]) throws(MoneyError) -> [Int64] {
        guard weights.allSatisfy({ $0 >= 0 }) else { throw .negativeWeight }
        let total = weights.reduce(Int128(0)) { $0 + Int128($1) }
        guard total > 0 else { throw .noWeights }
        let magnitude = Int128(amount.magnitude)
        var shares: [Int128] = []
        var remainders: [(place: Int, remainder: Int128)] = []
        shares.reserveCapacity(weights.count)
        remainders.reserveCapacity(weights.count)
        var left = magnitude
        for (place, weight) in weights.enumerated() {
            let (share, remainder) = (magnitude * Int128(weight)).quotientAndRemainder(dividingBy: total)
            shares.append(share)
            remainders.append((place, remainder))
            left -= share
        }
        if left > 0 {
            remainders.sort { $0.remainder != $1.remainder ? $0.remainder > $1.remainder : $0.place < $1.place }
            for index in 0..<Int(left) { shares[remainders[index].place] += 1 }
        }
        return shares.map { Int64(truncatingIfNeeded: amount < 0 ? -$0 : $0) }
    }
}
