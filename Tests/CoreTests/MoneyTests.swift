import Core
import Testing

@Suite struct MoneyTests {
    let ghs: Currency
    let jpy: Currency
    let kwd: Currency

    init() throws {
        ghs = try Currency("GHS")
        jpy = try Currency("JPY")
        kwd = try Currency("KWD")
    }

    @Test func `currencies have their ISO digits`() throws {
        #expect([ghs, jpy, kwd].map(\.exponent) == [2, 0, 3])
        #expect(try Currency("CLF").exponent == 4)
        #expect(ghs.code == "GHS" && ghs.minorPerUnit == 100 && ghs.minorName == "pesewa")
        #expect(Currency.all.count > 150)
        #expect(try Currency.all.allSatisfy { try Currency($0.code) == $0 })
        #expect(try Currency(code: "LOYALTYP", exponent: 6).code == "LOYALTYP")
    }

    @Test(arguments: ["ghs", "GH", "XXX", "", "GHS ", "XAU"])
    func `unknown currencies are refused`(code: String) {
        #expect(throws: MoneyError.unknownCurrency(code)) { try Currency(code) }
    }

    @Test(arguments: [("ABCDEFGHI", 2), ("AB", 2), ("abc", 2), ("A1B", 2), ("ABC", 7), ("ABC", -1)])
    func `own currencies are checked`(code: String, exponent: Int) {
        #expect(throws: MoneyError.self) { try Currency(code: code, exponent: exponent) }
    }

    @Test(arguments: [
        ("10.00", 1000), ("10", 1000), ("10.5", 1050), ("-0.01", -1), ("0", 0),
        ("92233720368547758.07", Int64.max), ("-92233720368547758.08", Int64.min),
    ])
    func `amounts are read exactly`(text: String, minor: Int64) throws {
        let money = try Money.parse(text, ghs)
        #expect(money == Money(minor: minor, ghs))
        #expect(try Money.parse(money.description) == money)
    }

    @Test(arguments: [
        ("10.005", "money.too_precise"), ("10.000", "money.too_precise"), ("1.0000000000000000001", "money.too_precise"),
        ("92233720368547758.08", "money.overflow"), ("9999999999999999999999", "money.overflow"),
        ("1,000", "money.malformed"), ("", "money.malformed"), ("GHS 1", "money.malformed"), ("1.", "money.malformed"),
    ])
    func `other amounts are refused, not rounded`(text: String, code: String) {
        let error = #expect(throws: MoneyError.self) { try Money.parse(text, ghs) }
        #expect(error?.code == code)
    }

    @Test func `currencies do not mix and overflow is an error`() throws {
        #expect(throws: MoneyError.currencyMismatch(ghs, jpy)) { try Money(minor: 1, ghs).adding(Money(minor: 1, jpy)) }
        #expect(throws: MoneyError.overflow) { try Money(minor: .max, ghs).adding(Money(minor: 1, ghs)) }
        #expect(throws: MoneyError.overflow) { try Money(minor: .min, ghs).subtracting(Money(minor: 1, ghs)) }
        #expect(throws: MoneyError.overflow) { try Money(minor: .min, ghs).negated() }
        #expect(throws: MoneyError.overflow) { try Money(minor: .max, ghs).multiplied(by: Decimal("1.1"), rounding: .down) }
    }

    @Test func `splits add up, larger parts first`() throws {
        #expect(try Money(minor: 100, ghs).split(into: 3).map(\.minor) == [34, 33, 33])
        #expect(try Money(minor: -100, ghs).split(into: 3).map(\.minor) == [-34, -33, -33])
        #expect(try Money(minor: 5, ghs).split(by: [0, 1, 0, 1]).map(\.minor) == [0, 3, 0, 2])
        #expect(throws: MoneyError.noWeights) { try Money(minor: 5, ghs).split(by: [0, 0]) }
        #expect(throws: MoneyError.noWeights) { try Money(minor: 5, ghs).split(by: []) }
        #expect(throws: MoneyError.negativeWeight) { try Money(minor: 5, ghs).split(by: [1, -1]) }
        #expect(throws: MoneyError.invalidCount(0)) { try Money(minor: 5, ghs).split(into: 0) }
    }

    @Test func `every split is fair and exact`() throws {
        var random = Seeded(4)
        for _ in 0..<5000 {
            let amount = Money(minor: random.integer(), ghs)
            let weights = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                Int64.random(in: 0...(Bool.random(using: &random) ? 5 : .max), using: &random)
            }
            guard weights.contains(where: { $0 > 0 }) else { continue }
            let parts = try amount.split(by: weights)
            #expect(try Money.sum(parts, ghs) == amount, "\(random) \(amount) \(weights)")
            let total = weights.reduce(Int128(0)) { $0 + Int128($1) }
            for (part, weight) in zip(parts, weights) {
                // Quota rule: within one minor unit of the exact share.
                let distance = Int128(part.minor) * total - Int128(amount.minor) * Int128(weight)
                #expect(distance.magnitude < total.magnitude, "\(random) \(amount) \(weights)")
            }
        }
    }

    @Test func `amounts are formatted for people`() throws {
        #expect(Money(minor: 123_450, ghs).formatted() == "GH₵1,234.50")
        #expect(try Money(minor: -5, Currency("GBP")).formatted() == "-£0.05")
        #expect(try Money(minor: 100_000, Currency("EGP")).formatted() == "E£1,000.00")
        #expect(try Money(minor: 1000, Currency("BIF")).formatted() == "BIF\u{A0}1,000")
        #expect(Money(minor: -1_234_567, kwd).amountText == "-1234.567")
        let german = MoneyFormat(grouping: ".", point: ",", symbols: ["GHS": "₵"], symbolFirst: false)
        #expect(Money(minor: -123_456_789, ghs).formatted(german) == "-1.234.567,89\u{A0}₵")
    }

    @Test func `cash rounding goes to a multiple`() throws {
        let step = Money(minor: 5, ghs)
        #expect(try Money(minor: 1237, ghs).rounded(toMultipleOf: step, rounding: .halfUp).minor == 1235)
        #expect(try Money(minor: 1238, ghs).rounded(toMultipleOf: step, rounding: .halfUp).minor == 1240)
        #expect(throws: MoneyError.self) { try step.rounded(toMultipleOf: .zero(ghs), rounding: .up) }
    }
}
