import CSodium

/// Randomness that nobody can guess. What must be repeatable takes a seed of its own.
package enum Random {
    package static func bytes(_ count: Int) -> [UInt8] {
        Sodium.prepare()
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            if count > 0 { randombytes_buf(buffer.baseAddress!, count) }
            filled = count
        }
    }

    /// 256 bits as 43 characters that are safe in URLs, headers and file names.
    package static func token() -> String { Base64URL.encode(bytes(32)) }

    /// 96 bits as 16 such characters: unique, not secret. For request references.
    package static func reference() -> String { Base64URL.encode(bytes(12)) }

    /// Evenly among 0..<bound.
    package static func number(below bound: UInt32) -> UInt32 {
        Sodium.prepare()
        return randombytes_uniform(bound)
    }
}
