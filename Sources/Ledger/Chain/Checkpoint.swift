import Core

/// A signed statement of where a book's chain stood. Kept outside the tenant's file too, since whoever can write the file
/// can make its chain anew.
package struct Checkpoint: Sendable, Equatable {
    /// 16 bytes: which book.
    package let book: [UInt8]
    package let entry: Int64
    package let event: Int64
    /// 32 bytes: the digest of the last leaf.
    package let head: [UInt8]
    package let takenAt: Instant
    package let signer: VerifyingKey
    package let signature: [UInt8]

    /// The bytes that are signed.
    static func message(book: [UInt8], entry: Int64, event: Int64, head: [UInt8], takenAt: Instant) -> [UInt8] {
        var bytes = CanonicalBytes(capacity: 160)
        bytes.text("kontor.ledger.checkpoint")
        bytes.byte(1)
        bytes.blob(book)
        bytes.int(entry)
        bytes.int(event)
        bytes.blob(head)
        bytes.text(takenAt.description)
        return bytes.bytes
    }

    /// Whether the signature is that of `signer`; that the signer is to be trusted is for the caller to know.
    package var isSigned: Bool {
        signer.verify(signature, of: Self.message(book: book, entry: entry, event: event, head: head, takenAt: takenAt))
    }
}

// MARK: As a file

extension Checkpoint {
    /// One JSON object, for keeping outside the tenant's file.
    package var json: [UInt8] {
        JSON.serialize([
            "book": .string(Hex.encode(book)), "entry": .int(entry), "event": .int(event), "head": .string(Hex.encode(head)),
            "taken_at": .string(takenAt.description), "signer": .string(Hex.encode(signer.rawBytes)),
            "signature": .string(Hex.encode(signature)),
        ])
    }

    /// - Throws: `LedgerError.invalid` for anything but what `json` writes.
    package init(json bytes: [UInt8]) throws {
        func wrong(_ field: String) -> LedgerError { .invalid(field: field, "The checkpoint's \(field) does not read as one.") }
        let value = try JSON.parse(bytes)
        func blob(_ field: String, _ count: Int) throws -> [UInt8] {
            guard let bytes = value[field]?.string.flatMap(Hex.decode), bytes.count == count else { throw wrong(field) }
            return bytes
        }
        guard let entry = value["entry"]?.int, entry >= 0 else { throw wrong("entry") }
        guard let event = value["event"]?.int, event >= 0 else { throw wrong("event") }
        guard let time = value["taken_at"]?.string else { throw wrong("taken_at") }
        self.init(
            book: try blob("book", 16), entry: entry, event: event, head: try blob("head", 32), takenAt: try Instant(time),
            signer: try VerifyingKey(rawBytes: blob("signer", 32)), signature: try blob("signature", 64))
    }
}
