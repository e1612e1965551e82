import CSodium

/// Secrets at rest: XChaCha20-Poly1305 under a key that is not in the database.
///
/// Sealed bytes: version 1, 24 bytes of random nonce, ciphertext with 16 bytes of tag.
package struct SecretBox: Sendable {
    private static let version: UInt8 = 1
    private static let nonceSize = 24
    private static let tagSize = 16
    private let key: [UInt8]

    /// - Parameter key: 32 random bytes.
    /// - Throws: `CryptoError.wrongLength`.
    package init(key: [UInt8]) throws(CryptoError) {
        guard key.count == 32 else { throw .wrongLength(expected: 32, found: key.count) }
        Sodium.prepare()
        self.key = key
    }

    /// - Parameter context: where the secret belongs, such as `tenant:7/smtp.password`; what is sealed for
    ///   one place does not open in another.
    package func seal(_ secret: [UInt8], context: String) -> [UInt8] {
        let nonce = Random.bytes(Self.nonceSize)
        let context = Array(context.utf8)
        var sealed = [UInt8](repeating: 0, count: secret.count + Self.tagSize)
        crypto_aead_xchacha20poly1305_ietf_encrypt(
            &sealed, nil, secret, UInt64(secret.count), context, UInt64(context.count), nil, nonce, key)
        return [Self.version] + nonce + sealed
    }

    package func seal(_ secret: String, context: String) -> [UInt8] { seal(Array(secret.utf8), context: context) }

    /// - Throws: `CryptoError.notAuthentic` when key, context or bytes are not those of `seal`.
    package func open(_ sealed: [UInt8], context: String) throws(CryptoError) -> [UInt8] {
        guard sealed.count >= 1 + Self.nonceSize + Self.tagSize, sealed[0] == Self.version else {
            throw .notAuthentic
        }
        let nonce = Array(sealed[1...Self.nonceSize])
        let body = Array(sealed[(1 + Self.nonceSize)...])
        let context = Array(context.utf8)
        var secret = [UInt8](repeating: 0, count: body.count - Self.tagSize)
        let status = crypto_aead_xchacha20poly1305_ietf_decrypt(
            &secret, nil, nil, body, UInt64(body.count), context, UInt64(context.count), nonce, key)
        guard status == 0 else { throw .notAuthentic }
        return secret
    }

    /// - Throws: `CryptoError.notAuthentic`, also when the secret is no UTF-8.
    package func openText(_ sealed: [UInt8], context: String) throws(CryptoError) -> String {
        guard let text = String(validating: try open(sealed, context: context), as: UTF8.self) else {
            throw .notAuthentic
        }
        return text
    }
}

extension SecretBox: CustomStringConvertible, CustomReflectable {
    package var description: String { "SecretBox" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
