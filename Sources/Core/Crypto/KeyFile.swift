/// Raw key bytes in a file that only the owner may read.
package enum KeyFile {
    /// Reads the key, or makes a random one of `count` bytes with mode 0600.
    /// - Throws: `FileError`; `CryptoError.keyFileExposed` when the group or others have any right to it;
    ///   `CryptoError.wrongLength`.
    package static func loadOrCreate(_ path: String, count: Int = 32) throws -> [UInt8] {
        if !Files.exists(path) { try Files.writeAtomically(path, Random.bytes(count), mode: 0o600) }
        return try load(path, count: count)
    }

    package static func load(_ path: String, count: Int = 32) throws -> [UInt8] {
        guard try Files.mode(path) & 0o077 == 0 else { throw CryptoError.keyFileExposed(path: path) }
        let key = try Files.read(path, limit: 4096)
        guard key.count == count else { throw CryptoError.wrongLength(expected: count, found: key.count) }
        return key
    }
}
