import CSodium

/// Passwords, kept as argon2id hashes in libsodium's text form (`$argon2id$v=19$m=65536,t=3,p=1$…`).
package enum Password {
    /// What one guess costs.
    package struct Cost: Sendable, Equatable {
        /// Passes over the memory, ≥ 1.
        package let passes: UInt64
        /// ≥ 8,192.
        package let memoryBytes: Int

        package init(passes: UInt64, memoryBytes: Int) {
            self.passes = max(passes, 1)
            self.memoryBytes = max(memoryBytes, 8192)
        }

        /// Three passes over 64 MiB: one more than libsodium's INTERACTIVE, and above what OWASP asks for
        /// (19 MiB, two passes). Takes 64 MiB and some 75 ms of one core for each hash or check.
        package static let standard = Cost(passes: 3, memoryBytes: 64 << 20)
        /// For tests only.
        package static let minimum = Cost(passes: 1, memoryBytes: 8192)
    }

    /// A text of less than 128 ASCII characters, with a salt of its own.
    /// - Throws: `CryptoError.outOfMemory`.
    package static func hash(_ password: String, cost: Cost = .standard) throws(CryptoError) -> String {
        Sodium.prepare()
        var text = [CChar](repeating: 0, count: crypto_pwhash_strbytes())
        let password = characters(password)
        let status = crypto_pwhash_str(&text, password, UInt64(password.count), cost.passes, cost.memoryBytes)
        guard status == 0 else { throw .outOfMemory }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// False for a wrong password and for a text that is no hash.
    package static func verify(_ password: String, _ hash: String) -> Bool {
        Sodium.prepare()
        guard let text = padded(hash) else { return false }
        let password = characters(password)
        return crypto_pwhash_str_verify(text, password, UInt64(password.count)) == 0
    }

    /// Whether a hash was made at another cost than today's: hash anew at the next log-in.
    package static func needsRehash(_ hash: String, cost: Cost = .standard) -> Bool {
        Sodium.prepare()
        guard let text = padded(hash) else { return true }
        return crypto_pwhash_str_needs_rehash(text, cost.passes, cost.memoryBytes) != 0
    }

    private static func padded(_ hash: String) -> [CChar]? {
        let size = crypto_pwhash_strbytes()
        let bytes = characters(hash)
        guard bytes.count < size, !bytes.contains(0) else { return nil }
        return bytes + [CChar](repeating: 0, count: size - bytes.count)
    }

    private static func characters(_ text: String) -> [CChar] { text.utf8.map { CChar(bitPattern: $0) } }
}
