/// Why a decimal could not be made. Published codes are under `problem`.
package enum DecimalError: Error, Sendable, Equatable {
    case malformed(String)
    /// The exact result has more digits than a 64-bit coefficient holds.
    case overflow
    /// The exact result has more than 18 digits after the point; say how to round.
    case tooManyPlaces
    case divisionByZero
    /// Places outside 0...18.
    case invalidPlaces(Int)
}

extension DecimalError: ProblemConvertible {
    package var code: String {
        switch self {
        case .malformed: "decimal.malformed"
        case .overflow: "decimal.overflow"
        case .tooManyPlaces: "decimal.too_many_places"
        case .divisionByZero: "decimal.division_by_zero"
        case .invalidPlaces: "decimal.invalid_places"
        }
    }

    package var problem: Problem {
        switch self {
        case .malformed(let text):
            Problem(422, code, "\"\(text.prefix(60))\" is not a decimal number; write it like \"12.50\".")
        case .overflow: Problem(422, code, "The number is too large: at most about 18 digits fit.")
        case .tooManyPlaces: Problem(422, code, "The number has more than 18 digits after the point.")
        case .divisionByZero: Problem(422, code, "Division by zero.")
        case .invalidPlaces(let places): Problem(422, code, "Places must be 0 to 18, not \(places).")
        }
    }
}

/// An exact decimal number for rates, quantities and percents: `coefficient / 10^scale`.
///
/// Always in lowest terms, so that "1.50" and "1.5" are the same value. No operation rounds unless it is
/// told how; each throws when the exact result does not fit. Range: a 64-bit coefficient, scale 0...18.
package struct Decimal: Hashable, Sendable {
    package let coefficient: Int64
    package let scale: Int

    package static let zero = Decimal(0)
    package static let one = Decimal(1)
    static let places = 0...18

    package init(_ value: Int64) {
        coefficient = value
        scale = 0
    }

    /// `coefficient / 10^scale`, reduced.
    package init(coefficient: Int64, scale: Int) throws(DecimalError) {
        guard Self.places.contains(scale) else { throw .invalidPlaces(scale) }
        try self.init(wide: Int128(coefficient), scale: scale)
    }

    /// Reads `-?digits(.digits)?`: no sign `+`, no exponent, no grouping, no spaces.
    package init(_ text: some StringProtocol) throws(DecimalError) { try self.init(String(text)) }

    package init(_ text: String) throws(DecimalError) {
        var copy = text
        switch copy.withUTF8({ Self.read($0) }) {
        case .success(let number): try self.init(wide: number.wide, scale: number.scale)
        case .failure(.malformed): throw .malformed(text)
        case .failure(let error): throw error
        }
    }

    private static func read(
        _ text: UnsafeBufferPointer<UInt8>
    ) -> Result<(wide: Int128, scale: Int), DecimalError> {
        var coefficient: Int128 = 0
        var scale = 0, digits = 0, zeros = 0
        var negative = false, point = false, fits = true
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "-") where index == 0: negative = true
            case UInt8(ascii: ".") where !point && digits > 0: (point, digits) = (true, 0)
            case 0x30 where point:
                digits += 1
                zeros += 1  // counted only when a digit follows
            case let byte where byte &- 0x30 < 10:
                digits += 1
                let places = point ? scale + zeros + 1 : 0
                guard fits, places <= 18, coefficient < ceiling else {
                    fits = false
                    continue
                }
                coefficient = coefficient * PowerOfTen.of(point ? places - scale : 1) + Int128(byte &- 0x30)
                (scale, zeros) = (places, 0)
            default: return .failure(.malformed(""))
            }
        }
        guard digits > 0 else { return .failure(.malformed("")) }
        guard fits else { return .failure(point && coefficient < ceiling ? .tooManyPlaces : .overflow) }
        return .success((negative ? -coefficient : coefficient, scale))
    }

    /// 10¹⁹: a coefficient below it may still fit, and times 10¹⁸ it stays within 128 bits.
    private static let ceiling: Int128 = 10_000_000_000_000_000_000

    /// Reduces, then checks that it fits.
    init(wide: Int128, scale: Int) throws(DecimalError) {
        var (wide, scale) = (wide, scale)
        while scale > 0 {
            let (quotient, digit) = wide.quotientAndRemainder(dividingBy: 10)
            guard digit == 0 else { break }
            (wide, scale) = (quotient, scale - 1)
        }
        guard scale <= 18 else { throw .tooManyPlaces }
        guard let coefficient = Int64(exactly: wide) else { throw .overflow }
        self.coefficient = coefficient
        self.scale = scale
    }

    package var isNegative: Bool { coefficient < 0 }
    package var isZero: Bool { coefficient == 0 }
    package var isWhole: Bool { scale == 0 }
    /// The value as an integer; nil when it has a fraction.
    package var whole: Int64? { scale == 0 ? coefficient : nil }
    /// −1, 0 or 1.
    package var signum: Int { Int(coefficient.signum()) }
}

// MARK: Arithmetic

extension Decimal {
    package func adding(_ other: Decimal) throws(DecimalError) -> Decimal {
        let scale = max(self.scale, other.scale)
        return try Decimal(wide: aligned(to: scale) + other.aligned(to: scale), scale: scale)
    }

    package func subtracting(_ other: Decimal) throws(DecimalError) -> Decimal {
        let scale = max(self.scale, other.scale)
        return try Decimal(wide: aligned(to: scale) - other.aligned(to: scale), scale: scale)
    }

    package func negated() throws(DecimalError) -> Decimal {
        try Decimal(wide: -Int128(coefficient), scale: scale)
    }

    package var magnitude: Decimal { get throws(DecimalError) { isNegative ? try negated() : self } }

    /// The exact product. Throws `.tooManyPlaces` when that needs more than 18 places.
    package func multiplied(by other: Decimal) throws(DecimalError) -> Decimal {
        try Decimal(wide: Int128(coefficient) * Int128(other.coefficient), scale: scale + other.scale)
    }

    /// The product, rounded once.
    package func multiplied(
        by other: Decimal, places: Int, rounding: RoundingMode
    ) throws(DecimalError) -> Decimal {
        guard Self.places.contains(places) else { throw .invalidPlaces(places) }
        let product = Int128(coefficient) * Int128(other.coefficient)
        return try Self.rounded(product, scale: scale + other.scale, places: places, rounding)
    }

    /// The quotient with at most `places` digits after the point, rounded once from the exact value.
    package func divided(
        by divisor: Decimal, places: Int, rounding: RoundingMode
    ) throws(DecimalError) -> Decimal {
        guard Self.places.contains(places) else { throw .invalidPlaces(places) }
        guard divisor.coefficient != 0 else { throw .divisionByZero }
        var denominator = Int128(divisor.coefficient.magnitude)
        var extraDigits = places + divisor.scale - scale
        if extraDigits < 0 {
            denominator *= PowerOfTen.of(-extraDigits)
            extraDigits = 0
        }
        // Long division, digit by digit: the numerator need not fit when its digits are many.
        var (quotient, remainder) = Int128(coefficient.magnitude).quotientAndRemainder(dividingBy: denominator)
        for _ in 0..<extraDigits {
            let (digit, rest) = (remainder * 10).quotientAndRemainder(dividingBy: denominator)
            quotient = quotient * 10 + digit
            remainder = rest
            guard quotient < PowerOfTen.of(37) else { throw .overflow }
        }
        let negative = isNegative != divisor.isNegative
        let step = rounding.step(
            negative: negative, odd: quotient & 1 != 0,
            half: RoundingMode.compare(remainder, toHalfOf: denominator), exact: remainder == 0)
        return try Decimal(wide: (negative ? -quotient : quotient) + step, scale: places)
    }

    /// - Parameter places: digits to keep after the point, 0...18.
    package func rounded(places: Int, mode: RoundingMode) throws(DecimalError) -> Decimal {
        guard Self.places.contains(places) else { throw .invalidPlaces(places) }
        return try Self.rounded(Int128(coefficient), scale: scale, places: places, mode)
    }

    private static func rounded(
        _ wide: Int128, scale: Int, places: Int, _ mode: RoundingMode
    ) throws(DecimalError) -> Decimal {
        guard scale > places else { return try Decimal(wide: wide, scale: scale) }
        return try Decimal(wide: mode.divide(wide, by: PowerOfTen.of(scale - places)), scale: places)
    }

    /// The coefficient at another scale, which is not smaller: at most 9.3 × 10³⁶.
    fileprivate func aligned(to scale: Int) -> Int128 {
        Int128(coefficient) * PowerOfTen.of(scale - self.scale)
    }
}

extension Decimal: Comparable {
    package static func < (left: Decimal, right: Decimal) -> Bool {
        let scale = max(left.scale, right.scale)
        return left.aligned(to: scale) < right.aligned(to: scale)
    }
}

extension Decimal: CustomStringConvertible {
    /// In lowest terms: "1.5", "-0.05", "100".
    package var description: String { DecimalText.text(coefficient, scale: scale) }

    /// With at least `places` digits after the point: 1.5 with 2 is "1.50". Never drops a digit.
    package func text(places: Int) -> String {
        guard places > scale else { return description }
        let padding = String(repeating: "0", count: places - scale)
        return scale == 0 ? "\(description).\(padding)" : description + padding
    }
}

/// A scaled integer as text, shared by decimals and money.
enum DecimalText {
    static func text(_ coefficient: Int64, scale: Int, grouping: String = "", point: String = ".") -> String {
        // From the last digit to the first: 20 digits or 18 places and a zero, and what stands between them.
        let capacity = 24 + point.utf8.count + 7 * grouping.utf8.count
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { buffer in
            var at = capacity
            func put(_ byte: UInt8) {
                at -= 1
                buffer.initializeElement(at: at, to: byte)
            }
            var rest = coefficient.magnitude
            var written = 0
            while rest != 0 || written <= scale {
                if written == scale, scale > 0 { for byte in point.utf8.reversed() { put(byte) } }
                let wholes = written - scale
                if wholes > 0, wholes.isMultiple(of: 3) { for byte in grouping.utf8.reversed() { put(byte) } }
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                put(0x30 + UInt8(truncatingIfNeeded: digit))
                rest = quotient
                written += 1
            }
            if coefficient < 0 { put(UInt8(ascii: "-")) }
            return String(decoding: UnsafeBufferPointer(rebasing: buffer[at...]), as: UTF8.self)
        }
    }
}
