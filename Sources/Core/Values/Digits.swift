/// Decimal digits to and from bytes, without a String on the way.
package enum Digits {
    package static func append(_ value: Int64, to bytes: inout [UInt8]) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { buffer in
            var rest = value.magnitude
            var at = 20
            repeat {
                at -= 1
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                buffer.initializeElement(at: at, to: 0x30 + UInt8(truncatingIfNeeded: digit))
                rest = quotient
            } while rest != 0
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[at..<20]))
        }
    }

    /// Zero-padded to `width`; longer when the number is.
    static func append(_ value: Int, width: Int, to text: inout String) {
        let digits = String(value)
        for _ in 0..<max(0, width - digits.utf8.count) { text.append("0") }
        text.append(digits)
    }

    /// Exactly `width` digits at a place of a buffer.
    static func write(_ value: Int, width: Int, to buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        var rest = value
        for index in (start..<start + width).reversed() {
            buffer[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// The number that `count` digits at `start` make; nil when one of them is no digit.
    static func read(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int, count: Int) -> Int? {
        guard start + count <= bytes.count else { return nil }
        var value = 0
        for index in start..<start + count {
            let digit = bytes[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}
