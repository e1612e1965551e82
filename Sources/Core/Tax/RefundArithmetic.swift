/// Taking back a part of what was charged, so that taking back everything, in whatever steps, gives
/// exactly what was charged: each step takes its share of what is left, and the last step all of it.
package enum RefundArithmetic {
    /// The shares of one return, by quantity.
    ///
    /// Their sum is the sum of `parts` times `quantity / remaining`, rounded half up; the parts share it by
    /// largest remainder, ties to the earlier; none takes more than is left of it.
    /// - Parameter parts: what is left of net and each tax of a line, in minor units.
    /// - Parameter quantity: what comes back now, 0...remaining.
    /// - Parameter remaining: what has not come back before now, > 0.
    /// - Throws: `TaxError.refundExceedsRemaining`, `.overflow`.
    package static func shares(
        ofRemaining parts: [Int64], quantity: Decimal, remaining: Decimal
    ) throws(TaxError) -> [Int64] {
        guard !quantity.isNegative, remaining > .zero, quantity <= remaining else { throw .refundExceedsRemaining }
        if quantity == remaining { return parts }
        let scale = max(quantity.scale, remaining.scale)
        return try shares(
            parts, Int128(quantity.coefficient) * PowerOfTen.of(scale - quantity.scale),
            Int128(remaining.coefficient) * PowerOfTen.of(scale - remaining.scale))
    }

    /// The shares of one return, by amount: they add up to `amount` exactly.
    /// - Parameter amount: minor units between zero and the sum of `parts`, of the same sign.
    /// - Throws: `TaxError.refundExceedsRemaining`, `.overflow`.
    package static func shares(ofRemaining parts: [Int64], amount: Int64) throws(TaxError) -> [Int64] {
        let left = try Exact.sum(parts)
        guard amount.magnitude <= left.magnitude, amount == 0 || amount.signum() == left.signum() else {
            throw .refundExceedsRemaining
        }
        if amount == left { return parts }
        return try shares(parts, Int128(amount.magnitude), Int128(left.magnitude))
    }

    private static func shares(
        _ parts: [Int64], _ numerator: Int128, _ denominator: Int128
    ) throws(TaxError) -> [Int64] {
        let common = Exact.greatestCommonDivisor(denominator, numerator)
        return try ProportionalShares(
            of: parts, numerator: numerator / common, denominator: denominator / common
        ).parts
    }
}
