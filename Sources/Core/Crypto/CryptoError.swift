/// Why a secret could not be made, kept or read. None of these tells anything about the secret.
package enum CryptoError: Error, Sendable, Equatable {
    /// A key or signature of the wrong length.
    case wrongLength(expected: Int, found: Int)
    /// Not sealed with this key and context, or changed since.
    case notAuthentic
    /// Hashing a password takes 64 MiB for a moment, and they were not there.
    case outOfMemory
    /// Others than the owner can read the key file.
    case keyFileExposed(path: String)
}

extension CryptoError: ProblemConvertible {
    package var code: String {
        switch self {
        case .wrongLength: "crypto.wrong_length"
        case .notAuthentic: "crypto.not_authentic"
        case .outOfMemory: "crypto.out_of_memory"
        case .keyFileExposed: "crypto.key_file_exposed"
        }
    }

    package var problem: Problem {
        switch self {
        case .wrongLength(let expected, let found):
            Problem(422, code, "A key or signature has \(found) bytes instead of \(expected).")
        case .notAuthentic: Problem(422, code, "The sealed data was changed, or made with another key.")
        case .outOfMemory: Problem(503, code, "The server is short of memory; try again.", headers: [("Retry-After", "5")])
        case .keyFileExposed: Problem(503, code, "A key file can be read by others; its mode must be 0600.")
        }
    }
}
