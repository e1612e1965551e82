import Core

/// Documents to compute: the printed examples, and random ones.
enum TaxDocuments {
    static func components(_ list: [(String, String, [String])]) -> [TaxDocument.Component] {
        list.compactMap { code, rate, base in
            (try? Decimal(rate)).map { TaxDocument.Component(code, rate: $0, base: base) }
        }
    }

    static let ghana2025 = components([
        ("NHIL", "0.025", ["net"]), ("GETFUND", "0.025", ["net"]), ("COVID", "0.01", ["net"]),
        ("VAT", "0.15", ["net", "NHIL", "GETFUND", "COVID"]),
    ])
    static let ghana2026 = components([
        ("VAT", "0.15", ["net"]), ("NHIL", "0.025", ["net"]), ("GETFUND", "0.025", ["net"]),
    ])
    static let britain = components([("VAT", "0.2", ["net"])])

    static func document(
        _ prices: TaxDocument.Prices, _ components: [TaxDocument.Component], _ amounts: [Int64],
        rounding: TaxDocument.Rounding = .documentHalfUp
    ) -> TaxDocument {
        TaxDocument(
            prices: prices, rounding: rounding, categories: ["standard": components],
            lines: amounts.map { TaxDocument.Line("standard", $0) })
    }

    static let examples: [TaxDocument] = [
        document(.exclusive, ghana2025, [100_000]), document(.inclusive, ghana2025, [121_900]),
        document(.exclusive, ghana2026, [100_000]), document(.inclusive, ghana2026, [120_000]),
        document(.inclusive, ghana2026, [9_999]), document(.inclusive, ghana2026, [99]),
        document(.inclusive, ghana2026, [-9_999]), document(.inclusive, ghana2026, [1, 1, 1, 1, 1, 1]),
        document(.exclusive, britain, [3, 3, 3]), document(.inclusive, britain, [3_333, 3_333, 3_334]),
        document(.exclusive, britain, [3, 3, 3], rounding: .lineHalfUp),
        document(.exclusive, ghana2026, [10_000, -9_999]), document(.inclusive, ghana2026, [10_000, -10_000]),
        document(.exclusive, [], [5, 7]), document(.exclusive, britain, []), document(.exclusive, britain, [0]),
    ]

    static func random(_ random: inout Seeded) -> TaxDocument {
        let names = ["standard", "reduced", "zero", "exempt"].prefix(Int.random(in: 1...4, using: &random))
        var categories: [String: [TaxDocument.Component]] = [:]
        for name in names { categories[name] = components(of: name, &random) }
        let range: ClosedRange<Int64> = [1...9, 1...300, 1...100_000, 1...1_000_000_000_000].randomElement(using: &random) ?? 1...9
        let sign = Int.random(in: 0..<10, using: &random)  // mostly sales, some returns, some both
        let lines = (0..<Int.random(in: 1...9, using: &random)).map { _ in
            let amount = Int64.random(in: range, using: &random)
            let isNegative = sign == 0 || (sign == 1 && Bool.random(using: &random))
            let isZero = Int.random(in: 0..<20, using: &random) == 0
            return TaxDocument.Line(
                names.randomElement(using: &random) ?? "standard", isZero ? 0 : isNegative ? -amount : amount)
        }
        return TaxDocument(
            prices: TaxDocument.Prices.allCases.randomElement(using: &random) ?? .exclusive,
            rounding: Int.random(in: 0..<4, using: &random) == 0 ? .lineHalfUp : .documentHalfUp,
            categories: categories, lines: lines)
    }

    private static func components(of category: String, _ random: inout Seeded) -> [TaxDocument.Component] {
        switch (category, Int.random(in: 0..<5, using: &random)) {
        case ("exempt", _): return []
        case ("zero", _): return components([("VAT", "0", ["net"])])
        case (_, 0): return ghana2025
        case (_, 1): return ghana2026
        case (_, 2): return britain
        default:
            var result: [TaxDocument.Component] = []
            for index in 0..<Int.random(in: 1...4, using: &random) {
                let earlier = result.map(\.code).filter { _ in Bool.random(using: &random) }
                let base = earlier.isEmpty || Int.random(in: 0..<8, using: &random) > 0 ? ["net"] + earlier : earlier
                let rate = try? Decimal(
                    coefficient: Int64.random(in: 0...3000, using: &random), scale: Int.random(in: 3...5, using: &random))
                result.append(.init("T\(index)", rate: rate ?? .zero, base: base))
            }
            return result
        }
    }
}

// MARK: The vector file

extension TaxDocuments {
    /// One document and its result as the vector file has them; integers stay below 2⁵³ for browsers.
    static func vector(_ document: TaxDocument, _ result: TaxResult) -> Value {
        var categories = Object()
        for (name, components) in document.categories.sorted(by: { $0.key < $1.key }) {
            categories[name] = .array(
                components.map {
                    ["code": .string($0.code), "rate": .decimal($0.rate), "base": .array($0.base.map { .string($0) })]
                })
        }
        let input: Value = [
            "prices": .string(document.prices.rawValue), "rounding": .string(document.rounding.rawValue),
            "categories": .object(categories),
            "lines": .array(document.lines.map { ["category": .string($0.category), "amount": .int($0.amount)] }),
        ]
        return ["document": input, "result": value(result)]
    }

    static func value(_ result: TaxResult) -> Value {
        [
            "lines": .array(
                result.lines.map {
                    ["net": .int($0.net), "taxes": .array($0.taxes.map { .int($0.amount) }), "gross": .int($0.gross)]
                }),
            "categories": .array(
                result.categories.map { category in
                    [
                        "category": .string(category.category), "net": .int(category.net),
                        "taxes": .array(
                            category.taxes.map {
                                ["code": .string($0.code), "base": .int($0.base), "amount": .int($0.amount)]
                            }),
                        "gross": .int(category.gross),
                    ]
                }),
            "net": .int(result.net), "tax": .int(result.tax), "gross": .int(result.gross),
        ]
    }

    static func document(from vector: Value) -> TaxDocument? {
        guard let input = vector["document"], let prices = input["prices"]?.string.flatMap(TaxDocument.Prices.init),
            let rounding = input["rounding"]?.string.flatMap(TaxDocument.Rounding.init),
            let groups = input["categories"]?.object, let lines = input["lines"]?.array
        else { return nil }
        var categories: [String: [TaxDocument.Component]] = [:]
        for (name, list) in groups {
            categories[name] = list.array?.compactMap { item in
                guard let code = item["code"]?.string, let rate = item["rate"]?.decimal,
                    let base = item["base"]?.array
                else { return nil }
                return TaxDocument.Component(code, rate: rate, base: base.compactMap(\.string))
            }
        }
        return TaxDocument(
            prices: prices, rounding: rounding, categories: categories,
            lines: lines.compactMap { line in
                guard let category = line["category"]?.string, let amount = line["amount"]?.int else { return nil }
                return TaxDocument.Line(category, amount)
            })
    }
}
