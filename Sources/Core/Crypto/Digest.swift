import CSodium

/// SHA-256.
package enum Digest {
    /// 32 bytes.
    package static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        Sodium.prepare()
        return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            _ = crypto_hash_sha256(
                buffer.baseAddress!, bytes.assumingMemoryBound(to: UInt8.self).baseAddress, UInt64(bytes.count))
            count = 32
        }
    }

    package static func sha256(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { sha256($0) } }

    package static func sha256(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { sha256(UnsafeRawBufferPointer($0)) }
    }

    package static func hex(_ bytes: some Sequence<UInt8>) -> String { Hex.encode(bytes) }
}

/// SHA-256 of bytes that come piece by piece.
package struct SHA256 {
    private var state = crypto_hash_sha256_state()

    package init() {
        Sodium.prepare()
        crypto_hash_sha256_init(&state)
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        crypto_hash_sha256_update(
            &state, bytes.assumingMemoryBound(to: UInt8.self).baseAddress, UInt64(bytes.count))
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    package mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    /// 32 bytes; the digest is spent afterwards.
    package consuming func finalize() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            crypto_hash_sha256_final(&state, buffer.baseAddress!)
            count = 32
        }
    }
}

/// Compares without telling by its time where the first difference is; lengths are not secret.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    Sodium.prepare()
    return left.count == right.count && sodium_memcmp(left, right, left.count) == 0
}

package func constantTimeEquals(_ left: String, _ right: String) -> Bool {
    constantTimeEquals(Array(left.utf8), Array(right.utf8))
}
