/// Integers of any size, as slow and plain as can be: the tests' own arithmetic, to check ours by.
struct BigInteger: Comparable {
    /// Base 2³², least first, no zero at the end.
    private var limbs: [UInt32] = []
    private(set) var isNegative = false

    init(_ value: Int64) {
        var rest = value.magnitude
        while rest > 0 {
            limbs.append(UInt32(truncatingIfNeeded: rest))
            rest >>= 32
        }
        isNegative = value < 0
    }

    private init(limbs: [UInt32], isNegative: Bool) {
        self.limbs = limbs
        while self.limbs.last == 0 { self.limbs.removeLast() }
        self.isNegative = isNegative && !self.limbs.isEmpty
    }

    var isZero: Bool { limbs.isEmpty }

    /// Nil when it does not fit.
    var int64: Int64? {
        guard limbs.count <= 2 else { return nil }
        let magnitude = limbs.reversed().reduce(UInt64(0)) { $0 << 32 | UInt64($1) }
        return isNegative
            ? (magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil) : Int64(exactly: magnitude)
    }

    static prefix func - (value: BigInteger) -> BigInteger {
        BigInteger(limbs: value.limbs, isNegative: !value.isNegative)
    }

    static func + (left: BigInteger, right: BigInteger) -> BigInteger {
        if left.isNegative == right.isNegative {
            var limbs: [UInt32] = []
            var carry: UInt64 = 0
            for index in 0..<max(left.limbs.count, right.limbs.count) {
                let sum = UInt64(left.limb(index)) + UInt64(right.limb(index)) + carry
                limbs.append(UInt32(truncatingIfNeeded: sum))
                carry = sum >> 32
            }
            return BigInteger(limbs: limbs + [UInt32(carry)], isNegative: left.isNegative)
        }
        let (big, small) = smaller(left.limbs, right.limbs) ? (right, left) : (left, right)
        var limbs: [UInt32] = []
        var borrow: Int64 = 0
        for index in big.limbs.indices {
            var difference = Int64(big.limb(index)) - Int64(small.limb(index)) - borrow
            borrow = difference < 0 ? 1 : 0
            difference += borrow << 32
            limbs.append(UInt32(difference))
        }
        return BigInteger(limbs: limbs, isNegative: big.isNegative)
    }

    static func - (left: BigInteger, right: BigInteger) -> BigInteger { left + -right }

    static func * (left: BigInteger, right: BigInteger) -> BigInteger {
        var limbs = [UInt32](repeating: 0, count: left.limbs.count + right.limbs.count + 1)
        for (offset, one) in left.limbs.enumerated() {
            var carry: UInt64 = 0
            for index in 0..<right.limbs.count + 1 {
                let sum = UInt64(one) * UInt64(right.limb(index)) + UInt64(limbs[offset + index]) + carry
                limbs[offset + index] = UInt32(truncatingIfNeeded: sum)
                carry = sum >> 32
            }
        }
        return BigInteger(limbs: limbs, isNegative: left.isNegative != right.isNegative)
    }

    /// The largest integer not above `left / right`, bit by bit. `right` > 0.
    static func floorDivide(_ left: BigInteger, _ right: BigInteger) -> BigInteger {
        var quotient = BigInteger(0)
        var rest = BigInteger(0)
        let two = BigInteger(2)
        for limb in left.limbs.reversed() {
            for bit in (0..<32).reversed() {
                rest = rest * two + BigInteger(Int64(limb >> UInt32(bit) & 1))
                quotient = quotient * two
                if rest >= right {
                    rest = rest - right
                    quotient = quotient + BigInteger(1)
                }
            }
        }
        guard left.isNegative else { return quotient }
        return rest.isZero ? -quotient : -quotient - BigInteger(1)
    }

    static func < (left: BigInteger, right: BigInteger) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? smaller(right.limbs, left.limbs) : smaller(left.limbs, right.limbs)
    }

    private func limb(_ index: Int) -> UInt32 { index < limbs.count ? limbs[index] : 0 }

    private static func smaller(_ left: [UInt32], _ right: [UInt32]) -> Bool {
        left.count != right.count
            ? left.count < right.count : left.reversed().lexicographicallyPrecedes(right.reversed())
    }
}

/// A fraction of big integers, never reduced. The denominator is > 0.
struct BigRational: Comparable {
    let numerator: BigInteger
    let denominator: BigInteger

    init(_ numerator: BigInteger, over denominator: BigInteger = BigInteger(1)) {
        self.numerator = numerator
        self.denominator = denominator
    }

    init(_ value: Int64) { self.init(BigInteger(value)) }

    var floor: BigInteger { .floorDivide(numerator, denominator) }

    /// Ties away from zero.
    var roundedHalfUp: BigInteger {
        if numerator.isNegative { return -BigRational(-numerator, over: denominator).roundedHalfUp }
        return (self + BigRational(BigInteger(1), over: BigInteger(2))).floor
    }

    static func + (left: BigRational, right: BigRational) -> BigRational {
        BigRational(
            left.numerator * right.denominator + right.numerator * left.denominator,
            over: left.denominator * right.denominator)
    }

    static func - (left: BigRational, right: BigRational) -> BigRational {
        left + BigRational(-right.numerator, over: right.denominator)
    }

    static func * (left: BigRational, right: BigRational) -> BigRational {
        BigRational(left.numerator * right.numerator, over: left.denominator * right.denominator)
    }

    /// `right` > 0.
    static func / (left: BigRational, right: BigRational) -> BigRational {
        BigRational(left.numerator * right.denominator, over: left.denominator * right.numerator)
    }

    static func == (left: BigRational, right: BigRational) -> Bool { !(left < right) && !(right < left) }

    static func < (left: BigRational, right: BigRational) -> Bool {
        left.numerator * right.denominator < right.numerator * left.denominator
    }
}
