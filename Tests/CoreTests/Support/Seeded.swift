import Glibc

/// Repeatable randomness. `KONTOR_SEED` repeats a run; a failure prints the seed.
struct Seeded: RandomNumberGenerator, CustomStringConvertible {
    let seed: UInt64
    private var state: UInt64

    init(_ fallback: UInt64) {
        seed = getenv("KONTOR_SEED").flatMap { UInt64(String(cString: $0)) } ?? fallback
        state = seed
    }

    /// The same whatever the environment says, for what is recorded.
    init(exactly seed: UInt64) {
        self.seed = seed
        state = seed
    }

    var description: String { "KONTOR_SEED=\(seed)" }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Small numbers, huge numbers and the edges alike.
    mutating func integer() -> Int64 {
        switch UInt64.random(in: 0..<8, using: &self) {
        case 0: [Int64.min, .max, 0, 1, -1, .min + 1, .max - 1].randomElement(using: &self) ?? 0
        case 1: Int64(bitPattern: next())
        default: Int64(bitPattern: next()) >> Int64.random(in: 0..<63, using: &self)
        }
    }
}
