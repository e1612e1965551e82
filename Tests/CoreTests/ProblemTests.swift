import Core
import Testing

@Suite struct ProblemTests {
    @Test func `problems are equal by all that a client sees`() {
        let problem = Problem(
            429, "rate.limited", "Too many requests.", field: "a", extra: [("limit", 5)], headers: [("Retry-After", "1")])
        #expect(problem == problem)
        #expect(problem != Problem(429, "rate.limited", "Too many requests.", field: "a", extra: [("limit", 5)]))
        #expect(problem != Problem(429, "rate.limited", "Too many requests.", field: "a", headers: [("Retry-After", "1")]))
        #expect("\(problem)" == "429 rate.limited (a): Too many requests.")
    }

    @Test func `a field that is named already stays`() {
        let problem = Problem(422, "money.malformed", "No amount.")
        #expect(problem.at(field: "lines[0].price").field == "lines[0].price")
        #expect(problem.at(field: "price").at(field: "lines").field == "price")
    }

    @Test func `every error of Core has a code of its own, a status and a sentence`() throws {
        let ghs = try Currency("GHS")
        let errors: [any ProblemConvertible] = [
            DecimalError.malformed("x"), DecimalError.overflow, DecimalError.tooManyPlaces, DecimalError.divisionByZero,
            DecimalError.invalidPlaces(19), MoneyError.overflow, MoneyError.currencyMismatch(ghs, ghs),
            MoneyError.unknownCurrency("x"), MoneyError.malformed("x"), MoneyError.tooPrecise("x", ghs),
            MoneyError.noWeights, MoneyError.negativeWeight, MoneyError.invalidCount(0), CalendarError.invalidDate("x"),
            CalendarError.invalidMonth("x"), CalendarError.invalidInstant("x"), CalendarError.outOfRange,
            CalendarError.unknownTimeZone("x"), CryptoError.notAuthentic, CryptoError.outOfMemory,
            CryptoError.wrongLength(expected: 1, found: 2), CryptoError.keyFileExposed(path: "x"),
            TaxError.unknownCategory(line: 0, category: "x"), TaxError.duplicateComponent("x"), TaxError.reservedCode,
            TaxError.unknownBase(component: "x", base: "y"), TaxError.emptyBase(component: "x"),
            TaxError.repeatedBase(component: "x", base: "y"), TaxError.negativeRate(component: "x"), TaxError.overflow,
            TaxError.refundExceedsRemaining, NumberFormatError.unknownPlaceholder("x", column: 1),
            NumberFormatError.unbalancedBrace(column: 1), NumberFormatError.invalidWidth("x", column: 1),
            NumberFormatError.missingSequence, NumberFormatError.repeatedSequence(column: 1),
            NumberFormatError.invalidText, NumberFormatError.missingBranch, VersionError.invalidVersion("x"),
            VersionError.invalidRange("x"),
        ]
        let problems = errors.map(\.problem)
        #expect(Set(problems.map(\.code)).count == problems.count)
        for problem in problems {
            #expect([422, 503].contains(problem.status))
            #expect(problem.detail.hasSuffix(".") && problem.detail.count < 200)
            #expect(problem.code.split(separator: ".").count == 2)
        }
    }

    @Test func `values convert to exact decimals or not at all`() throws {
        #expect(Value.string("1.50").decimal == (try Decimal("1.5")))
        #expect(Value.int(3).decimal == Decimal(3))
        #expect(Value.double(1.5).decimal == nil)
        #expect(Value.string("x").decimal == nil)
        let value: Value = ["lines": [["sku": "A"]]]
        #expect(value["lines"]?[0]?["sku"]?.string == "A")
        #expect(value["lines"]?[1] == nil && value["none"] == nil && value[0] == nil)
    }
}
