/// One document as the tax arithmetic sees it: amounts, categories and rates, and no country.
package struct TaxDocument: Sendable, Equatable {
    /// What the amounts of the lines are.
    package enum Prices: String, Sendable, CaseIterable {
        /// Net: taxes come on top.
        case exclusive
        /// Gross: taxes are inside.
        case inclusive
    }

    package enum Rounding: String, Sendable, CaseIterable {
        /// Each tax is rounded once per document and category, then shared over the lines.
        case documentHalfUp = "document_half_up"
        /// Each tax is rounded on every line; the document has the sums.
        case lineHalfUp = "line_half_up"
    }

    /// One tax of a category.
    package struct Component: Sendable, Equatable {
        /// What the tax is called: any text but `net`.
        package let code: String
        /// A fraction, ≥ 0: "0.15" is 15 %.
        package let rate: Decimal
        /// What it is computed on: `net` and codes of components that come before it.
        package let base: [String]

        package init(_ code: String, rate: Decimal, base: [String] = ["net"]) {
            self.code = code
            self.rate = rate
            self.base = base
        }
    }

    package struct Line: Sendable, Equatable {
        /// A key of `categories`.
        package let category: String
        /// Minor units, net or gross as `prices` says; negative for what goes back.
        package let amount: Int64

        package init(_ category: String, _ amount: Int64) {
            self.category = category
            self.amount = amount
        }
    }

    package var prices: Prices
    package var rounding: Rounding
    /// The taxes of each category, in order; none for an exempt one.
    package var categories: [String: [Component]]
    package var lines: [Line]

    package init(prices: Prices, rounding: Rounding, categories: [String: [Component]], lines: [Line]) {
        self.prices = prices
        self.rounding = rounding
        self.categories = categories
        self.lines = lines
    }
}

/// The taxes of a document. In minor units, and by identity, line by line and in all:
/// gross = net + taxes, each tax = the sum of its line shares.
package struct TaxResult: Sendable, Equatable {
    package struct Line: Sendable, Equatable {
        package let category: String
        package let net: Int64
        /// One share for each component of the line's category, in the category's order.
        package let taxes: [Share]
        package let gross: Int64

        package init(category: String, net: Int64, taxes: [Share], gross: Int64) {
            self.category = category
            self.net = net
            self.taxes = taxes
            self.gross = gross
        }
    }

    package struct Share: Sendable, Equatable {
        package let code: String
        package let amount: Int64

        package init(code: String, amount: Int64) {
            self.code = code
            self.amount = amount
        }
    }

    /// A category that occurs in the document.
    package struct Category: Sendable, Equatable {
        package let category: String
        package let net: Int64
        package let taxes: [Tax]
        package let gross: Int64

        package init(category: String, net: Int64, taxes: [Tax], gross: Int64) {
            self.category = category
            self.net = net
            self.taxes = taxes
            self.gross = gross
        }
    }

    package struct Tax: Sendable, Equatable {
        package let code: String
        package let rate: Decimal
        /// What the tax was computed on: net plus the taxes that its base names.
        package let base: Int64
        package let amount: Int64

        package init(code: String, rate: Decimal, base: Int64, amount: Int64) {
            self.code = code
            self.rate = rate
            self.base = base
            self.amount = amount
        }
    }

    package let lines: [Line]
    /// In the order in which the lines first name them.
    package let categories: [Category]
    package let net: Int64
    package let tax: Int64
    package let gross: Int64

    package init(lines: [Line], categories: [Category], net: Int64, tax: Int64, gross: Int64) {
        self.lines = lines
        self.categories = categories
        self.net = net
        self.tax = tax
        self.gross = gross
    }

    /// What a component comes to over all categories.
    package func amount(of code: String) -> Int64 {
        categories.reduce(0) { sum, category in
            category.taxes.reduce(sum) { $1.code == code ? $0 + $1.amount : $0 }
        }
    }
}

/// Why taxes could not be computed. Published codes are under `problem`.
package enum TaxError: Error, Sendable, Equatable {
    case unknownCategory(line: Int, category: String)
    case duplicateComponent(String)
    /// `net` names the amount before taxes and cannot name a tax.
    case reservedCode
    /// The base names nothing that comes before the component.
    case unknownBase(component: String, base: String)
    case emptyBase(component: String)
    case repeatedBase(component: String, base: String)
    case negativeRate(component: String)
    case overflow
    /// More is to be taken back than is left, or less than nothing.
    case refundExceedsRemaining
}

extension TaxError: ProblemConvertible {
    package var code: String {
        switch self {
        case .unknownCategory: "tax.unknown_category"
        case .duplicateComponent: "tax.duplicate_component"
        case .reservedCode: "tax.reserved_code"
        case .unknownBase: "tax.unknown_base"
        case .emptyBase: "tax.empty_base"
        case .repeatedBase: "tax.repeated_base"
        case .negativeRate: "tax.negative_rate"
        case .overflow: "tax.overflow"
        case .refundExceedsRemaining: "tax.refund_exceeds_remaining"
        }
    }

    package var problem: Problem {
        switch self {
        case .unknownCategory(let line, let category):
            Problem(422, code, "Line \(line + 1) has the unknown tax category \"\(category)\".", field: "lines[\(line)].category")
        case .duplicateComponent(let tax): Problem(422, code, "The tax \"\(tax)\" is there twice in one category.")
        case .reservedCode: Problem(422, code, "A tax cannot be called \"net\".")
        case .unknownBase(let tax, let base):
            Problem(422, code, "The base of \"\(tax)\" names \"\(base)\", which is neither net nor a tax before it.")
        case .emptyBase(let tax): Problem(422, code, "The tax \"\(tax)\" has no base.")
        case .repeatedBase(let tax, let base): Problem(422, code, "The base of \"\(tax)\" names \"\(base)\" twice.")
        case .negativeRate(let tax): Problem(422, code, "The rate of \"\(tax)\" is negative.")
        case .overflow: Problem(422, code, "The amounts or rates are too large to compute taxes exactly.")
        case .refundExceedsRemaining: Problem(422, code, "More is to be refunded than is left.")
        }
    }
}
