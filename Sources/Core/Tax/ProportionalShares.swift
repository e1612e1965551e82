/// Amounts times one exact factor, rounded so that total and parts agree.
///
/// The total is the exact sum times the factor, rounded half up once (ties away from zero). Each part is
/// its own exact share cut off or raised to the next whole unit: the units that cutting off leaves over
/// go to the largest remainders, ties to the earlier part. Negating every amount negates every result.
/// Used for tax shares, for taxes inside a price and for refunds.
struct ProportionalShares {
    let total: Int64
    let parts: [Int64]

    /// - Parameter factor: `numerator / denominator`, ≥ 0, denominator > 0.
    init(of amounts: [Int64], numerator: Int128, denominator: Int128) throws(TaxError) {
        var exact: [Int128] = []
        exact.reserveCapacity(amounts.count)
        var sum: Int128 = 0
        for amount in amounts {
            let product = try Exact.multiply(Int128(amount), numerator)
            exact.append(product)
            sum = try Exact.add(sum, product)
        }
        // A document of negative amounts is computed as its mirror image, so that it is one.
        let mirrored = sum != 0 ? sum < 0 : (amounts.first { $0 != 0 } ?? 0) < 0
        if mirrored {
            sum = -sum
            for index in exact.indices { exact[index] = -exact[index] }
        }
        let total = RoundingMode.halfUp.divide(sum, by: denominator)
        var left = total
        var remainders: [(remainder: Int128, place: Int)] = []
        remainders.reserveCapacity(exact.count)
        for index in exact.indices {
            var (quotient, remainder) = exact[index].quotientAndRemainder(dividingBy: denominator)
            if remainder < 0 { (quotient, remainder) = (quotient - 1, remainder + denominator) }
            exact[index] = quotient
            left -= quotient
            remainders.append((remainder, index))
        }
        // The cut-off parts add up to a whole number ≤ sum, and > sum − the number of parts that are not whole;
        // total lies within half a unit of sum. So 0 ≤ left ≤ the number of parts that are not whole.
        if left > 0 {
            remainders.sort { $0.remainder != $1.remainder ? $0.remainder > $1.remainder : $0.place < $1.place }
            for (_, place) in remainders.prefix(Int(left)) { exact[place] += 1 }
        }
        self.total = try Exact.narrow(mirrored ? -total : total)
        var parts: [Int64] = []
        parts.reserveCapacity(exact.count)
        for part in exact { parts.append(try Exact.narrow(mirrored ? -part : part)) }
        self.parts = parts
    }
}

/// 128-bit arithmetic that refuses to leave its range.
enum Exact {
    static func multiply(_ left: Int128, _ right: Int128) throws(TaxError) -> Int128 {
        let (product, overflow) = left.multipliedReportingOverflow(by: right)
        guard !overflow else { throw .overflow }
        return product
    }

    static func add(_ left: Int128, _ right: Int128) throws(TaxError) -> Int128 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        guard !overflow, sum != .min else { throw .overflow }
        return sum
    }

    static func narrow(_ wide: Int128) throws(TaxError) -> Int64 {
        guard let narrow = Int64(exactly: wide) else { throw .overflow }
        return narrow
    }

    static func sum(_ amounts: some Sequence<Int64>) throws(TaxError) -> Int64 {
        try narrow(amounts.reduce(Int128(0)) { $0 + Int128($1) })
    }

    static func greatestCommonDivisor(_ left: Int128, _ right: Int128) -> Int128 {
        var (left, right) = (left, right)
        while right != 0 { (left, right) = (right, left % right) }
        return left
    }
}
