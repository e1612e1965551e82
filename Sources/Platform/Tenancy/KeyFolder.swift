import Core

/// The installation's own keys, in `DATA/keys`: made at the first start, readable by the server's user only, never in a
/// backup.
package struct KeyFolder: Sendable {
    /// Ed25519: signs checkpoints and plugin packages made here.
    package let signing: SigningKey
    /// Seals secrets that must be read again, such as those of two-factor log-in.
    package let secrets: SecretBox

    /// - Throws: `CryptoError.keyFileExposed` when others can read a key.
    static func open(_ path: String) throws -> KeyFolder {
        try Files.createDirectory(path, mode: 0o700)
        return KeyFolder(
            signing: try SigningKey(rawBytes: try KeyFile.loadOrCreate("\(path)/signing.key")),
            secrets: try SecretBox(key: try KeyFile.loadOrCreate("\(path)/secrets.key")))
    }
}
