extension Money: CustomStringConvertible {
    /// "10.00 GHS": exact, and what `parse` reads.
    package var description: String { "\(amountText) \(currency.code)" }

    /// "10.00": all digits that the currency has, no grouping.
    package var amountText: String { DecimalText.text(minor, scale: currency.exponent) }
}

/// How a person reads amounts.
package struct MoneyFormat: Sendable {
    package var grouping: String
    package var point: String
    /// Symbols by currency code that replace the usual ones: `["EGP": "LE"]`.
    package var symbols: [String: String]
    package var symbolFirst: Bool

    package init(
        grouping: String = ",", point: String = ".", symbols: [String: String] = [:], symbolFirst: Bool = true
    ) {
        self.grouping = grouping
        self.point = point
        self.symbols = symbols
        self.symbolFirst = symbolFirst
    }

    package static let standard = MoneyFormat()
}

extension Money {
    /// "GH₵1,234.50", "-£5.00", "BIF 1,000": a symbol that is all letters of a code stands apart.
    package func formatted(_ format: MoneyFormat = .standard) -> String {
        let digits = DecimalText.text(
            minor, scale: currency.exponent, grouping: format.grouping, point: format.point)
        let symbol = format.symbols[currency.code] ?? currency.symbol
        guard format.symbolFirst else { return "\(digits)\u{A0}\(symbol)" }
        let gap = symbol == currency.code ? "\u{A0}" : ""
        return minor < 0 ? "-\(symbol)\(gap)\(digits.dropFirst())" : "\(symbol)\(gap)\(digits)"
    }
}
