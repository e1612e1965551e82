import Foundation

/// Random numbers that are the same for the same seed; `KONTOR_SEED` sets another. Failing tests print it.
struct SeededRandom: RandomNumberGenerator, CustomStringConvertible {
    let seed: UInt64
    private var state: UInt64

    init(_ fallback: UInt64) {
        seed = ProcessInfo.processInfo.environment["KONTOR_SEED"].flatMap { UInt64($0) } ?? fallback
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
}
