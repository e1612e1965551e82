import CSodium

extension Digest {
    /// HMAC-SHA-256 (RFC 2104), 32 bytes; keys of any length.
    package static func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        Sodium.prepare()
        var state = crypto_auth_hmacsha256_state()
        var tag = [UInt8](repeating: 0, count: 32)
        crypto_auth_hmacsha256_init(&state, key, key.count)
        crypto_auth_hmacsha256_update(&state, message, UInt64(message.count))
        crypto_auth_hmacsha256_final(&state, &tag)
        return tag
    }
}
