/// What becomes of the digits that do not fit. Raw values are the names that Lua and JSON use.
package enum RoundingMode: String, Sendable, CaseIterable {
    /// Ties away from zero: the accountants' rule, 2.5 → 3 and −2.5 → −3.
    case halfUp = "half_up"
    /// Ties to the even neighbour.
    case halfEven = "half_even"
    /// Ties towards zero.
    case halfDown = "half_down"
    /// Towards zero.
    case down
    /// Away from zero.
    case up
    /// Towards minus infinity.
    case floor
    /// Towards plus infinity.
    case ceiling

    /// `numerator / denominator` as a whole number. The denominator is > 0.
    func divide(_ numerator: Int128, by denominator: Int128) -> Int128 {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return quotient + step(
            negative: numerator < 0, odd: quotient & 1 != 0,
            half: Self.compare(remainder, toHalfOf: denominator), exact: remainder == 0)
    }

    /// −1, 0 or 1: what to add to a quotient that was cut off towards zero.
    /// - Parameter half: how the part cut off compares with one half: −1 less, 0 equal, 1 more.
    func step(negative: Bool, odd: Bool, half: Int, exact: Bool) -> Int128 {
        if exact { return 0 }
        let away: Int128 = negative ? -1 : 1
        switch self {
        case .halfUp: return half >= 0 ? away : 0
        case .halfEven: return half > 0 || (half == 0 && odd) ? away : 0
        case .halfDown: return half > 0 ? away : 0
        case .down: return 0
        case .up: return away
        case .floor: return negative ? away : 0
        case .ceiling: return negative ? 0 : away
        }
    }

    static func compare(_ remainder: Int128, toHalfOf denominator: Int128) -> Int {
        let part = remainder.magnitude
        let rest = denominator.magnitude - part  // not part × 2, which could overflow
        return part < rest ? -1 : (part == rest ? 0 : 1)
    }
}

enum PowerOfTen {
    /// 10⁰ … 10³⁸, all that fit.
    private static let table: [Int128] = {
        var powers: [Int128] = [1]
        for _ in 1...38 { powers.append(powers[powers.count - 1] * 10) }
        return powers
    }()

    static func of(_ exponent: Int) -> Int128 { table[exponent] }
}
