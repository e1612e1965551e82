import Core
import Testing

@Suite struct DecimalTests {
    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("1.50", "1.5"), ("-0.05", "-0.05"), ("100", "100"), ("0.10", "0.1"), ("007.0", "7"),
        ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
        ("0.000000000000000001", "0.000000000000000001"), ("1.5000000000000000000000000000000000000000000", "1.5"),
        ("9.223372036854775807", "9.223372036854775807"), ("0.0000000000000000000000", "0"),
    ])
    func `text is read exactly and written in lowest terms`(text: String, expected: String) throws {
        #expect(try Decimal(text).description == expected)
    }

    @Test(arguments: [
        ("", "decimal.malformed"), ("-", "decimal.malformed"), (".5", "decimal.malformed"), ("5.", "decimal.malformed"),
        ("+1", "decimal.malformed"), ("1e3", "decimal.malformed"), ("1,5", "decimal.malformed"), (" 1", "decimal.malformed"),
        ("1.2.3", "decimal.malformed"), ("--1", "decimal.malformed"), ("1-", "decimal.malformed"), ("١", "decimal.malformed"),
        ("NaN", "decimal.malformed"), ("9223372036854775808", "decimal.overflow"),
        ("99999999999999999999999999999999999999999999999", "decimal.overflow"),
        ("0.0000000000000000001", "decimal.too_many_places"), ("10.000000000000000001", "decimal.overflow"),
    ])
    func `other text is refused`(text: String, code: String) {
        let error = #expect(throws: DecimalError.self) { try Decimal(text) }
        #expect(error?.code == code)
    }

    @Test func `equal values are equal whatever their text`() throws {
        #expect(try Decimal("1.50") == Decimal("1.5"))
        #expect(try Set([Decimal("2"), Decimal("2.000")]).count == 1)
        #expect(try Decimal("-1.5") < Decimal("-1.49"))
        #expect(try Decimal("9223372036854775807") > Decimal("9.223372036854775807"))
    }

    @Test func `arithmetic is exact`() throws {
        #expect(try Decimal("0.1").adding(Decimal("0.2")) == Decimal("0.3"))
        #expect(try Decimal("1").subtracting(Decimal("0.999")) == Decimal("0.001"))
        #expect(try Decimal("1.25").multiplied(by: Decimal("0.8")) == Decimal(1))
        #expect(try Decimal("1.5").text(places: 2) == "1.50")
        #expect(try Decimal("-3").text(places: 2) == "-3.00")
        #expect(throws: DecimalError.overflow) { try Decimal(.max).adding(.one) }
        #expect(throws: DecimalError.overflow) { try Decimal(.min).negated() }
        #expect(throws: DecimalError.overflow) { try Decimal(.max).multiplied(by: Decimal(2)) }
        #expect(throws: DecimalError.tooManyPlaces) {
            try Decimal("0.0000000001").multiplied(by: Decimal("0.0000000001"))
        }
        #expect(
            try Decimal("0.0000000001").multiplied(by: Decimal("0.0000000001"), places: 18, rounding: .up)
                == Decimal("0.000000000000000001"))
    }

    @Test(arguments: [
        (RoundingMode.halfUp, ["3", "-3", "2", "-2", "3", "4"]), (.halfEven, ["2", "-2", "2", "-2", "3", "4"]),
        (.halfDown, ["2", "-2", "2", "-2", "3", "3"]), (.down, ["2", "-2", "2", "-2", "2", "3"]),
        (.up, ["3", "-3", "3", "-3", "3", "4"]), (.floor, ["2", "-3", "2", "-3", "2", "3"]),
        (.ceiling, ["3", "-2", "3", "-2", "3", "4"]),
    ])
    func `every mode rounds as named`(mode: RoundingMode, expected: [String]) throws {
        let inputs = ["2.5", "-2.5", "2.4", "-2.4", "2.6", "3.5"]
        #expect(try inputs.map { try Decimal($0).rounded(places: 0, mode: mode).description } == expected)
        #expect(
            try inputs.map {
                try Decimal($0).multiplied(by: Decimal(2)).divided(by: Decimal(2), places: 0, rounding: mode).description
            } == expected)
        #expect(
            try inputs.map {
                try Money(minor: Decimal($0).coefficient, Currency("GHS"))
                    .multiplied(by: Decimal("0.1"), rounding: mode).minor.description
            } == expected)
    }

    @Test func `division rounds once, from the exact value`() throws {
        #expect(try Decimal(1).divided(by: Decimal(3), places: 18, rounding: .halfUp).description == "0.333333333333333333")
        #expect(try Decimal(2).divided(by: Decimal(3), places: 2, rounding: .halfUp).description == "0.67")
        #expect(try Decimal("0.0000049999").divided(by: Decimal(1), places: 5, rounding: .halfUp).description == "0")
        #expect(try Decimal(-1).divided(by: Decimal(8), places: 2, rounding: .halfEven).description == "-0.12")
        #expect(try Decimal(.min).divided(by: Decimal(.min), places: 18, rounding: .down) == .one)
        #expect(throws: DecimalError.divisionByZero) { try Decimal(1).divided(by: .zero, places: 2, rounding: .up) }
        #expect(throws: DecimalError.overflow) { try Decimal(.max).divided(by: Decimal("0.1"), places: 0, rounding: .up) }
        #expect(throws: DecimalError.invalidPlaces(19)) { try Decimal(1).divided(by: .one, places: 19, rounding: .up) }
    }

    @Test func `laws hold for random numbers`() throws {
        var random = Seeded(3)
        var tried = 0
        for _ in 0..<20_000 {
            let left = try? Decimal(coefficient: random.integer(), scale: .random(in: 0...18, using: &random))
            let right = try? Decimal(coefficient: random.integer(), scale: .random(in: 0...18, using: &random))
            guard let left, let right else { continue }
            #expect(try Decimal(left.description) == left, "\(random)")
            if let sum = try? left.adding(right) {
                #expect(try sum.subtracting(right) == left, "\(random) \(left) \(right)")
                #expect(try right.adding(left) == sum)
                #expect((sum < left) == (right < .zero))
                tried += 1
            }
            if let product = try? left.multiplied(by: right), !right.isZero {
                #expect(
                    try product.divided(by: right, places: 18, rounding: .down) == left, "\(random) \(left) \(right)")
            }
        }
        #expect(tried > 1000)
    }
}
