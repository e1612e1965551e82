import CSodium

/// The private half of an Ed25519 pair.
package struct SigningKey: Sendable, Equatable {
    /// The seed, 32 bytes: secret.
    package let rawBytes: [UInt8]
    package let verifyingKey: VerifyingKey
    private let expanded: [UInt8]

    package static func generate() -> SigningKey { SigningKey(checkedSeed: Random.bytes(32)) }

    /// - Throws: `CryptoError.wrongLength` for other than 32 bytes.
    package init(rawBytes: [UInt8]) throws(CryptoError) {
        guard rawBytes.count == 32 else { throw .wrongLength(expected: 32, found: rawBytes.count) }
        self.init(checkedSeed: rawBytes)
    }

    private init(checkedSeed seed: [UInt8]) {
        Sodium.prepare()
        var publicKey = [UInt8](repeating: 0, count: 32)
        var secretKey = [UInt8](repeating: 0, count: 64)
        crypto_sign_seed_keypair(&publicKey, &secretKey, seed)
        rawBytes = seed
        expanded = secretKey
        verifyingKey = VerifyingKey(checked: publicKey)
    }

    /// 64 bytes; the same message always gets the same signature.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        crypto_sign_detached(&signature, nil, message, UInt64(message.count), expanded)
        return signature
    }

    package func sign(_ message: String) -> [UInt8] { sign(Array(message.utf8)) }
}

extension SigningKey: CustomStringConvertible, CustomReflectable {
    /// Names the public half only, so that a log never holds the secret.
    package var description: String { "SigningKey(\(verifyingKey.fingerprint))" }
    package var customMirror: Mirror { Mirror(self, children: ["fingerprint": verifyingKey.fingerprint]) }
}

/// The public half of an Ed25519 pair.
package struct VerifyingKey: Sendable, Hashable {
    /// 32 bytes.
    package let rawBytes: [UInt8]

    /// - Throws: `CryptoError.wrongLength` for other than 32 bytes.
    package init(rawBytes: [UInt8]) throws(CryptoError) {
        guard rawBytes.count == 32 else { throw .wrongLength(expected: 32, found: rawBytes.count) }
        self.rawBytes = rawBytes
    }

    init(checked bytes: [UInt8]) { rawBytes = bytes }

    /// False for a changed message, another key, or a signature that is no signature.
    package func verify(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        Sodium.prepare()
        return signature.count == 64
            && crypto_sign_verify_detached(signature, message, UInt64(message.count), rawBytes) == 0
    }

    package func verify(_ signature: [UInt8], of message: String) -> Bool {
        verify(signature, of: Array(message.utf8))
    }

    /// The first 16 hexadecimal digits of the key's SHA-256: enough to tell keys apart.
    package var fingerprint: String { Hex.encode(Digest.sha256(rawBytes).prefix(8)) }
}
