import Core

/// The one byte form of what the chain covers.
///
/// Integers are eight bytes, the highest first. Texts and blobs are four bytes of length, then their bytes. What may be
/// missing starts with a byte 0 or 1. Nothing separates the fields and nothing is padded, so two different records
/// never have the same bytes. A changed form is a new version of the leaf; old leaves stay as they are.
struct CanonicalBytes {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func int(_ value: Int64) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func text(_ text: String) {
        text.withBytes { raw($0) }
    }

    mutating func blob(_ blob: [UInt8]) { blob.withUnsafeBytes { raw($0) } }

    mutating func raw(_ raw: UnsafeRawBufferPointer) {
        withUnsafeBytes(of: UInt32(raw.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: raw)
    }

    mutating func int(_ value: Int64?) {
        byte(value == nil ? 0 : 1)
        if let value { int(value) }
    }

    mutating func text(_ value: String?) {
        byte(value == nil ? 0 : 1)
        if let value { text(value) }
    }

    mutating func blob(_ value: [UInt8]?) {
        byte(value == nil ? 0 : 1)
        if let value { blob(value) }
    }

    func digest() -> [UInt8] { Digest.sha256(bytes) }
}
