import Core

/// What is hashed: leaf = SHA-256(domain, version, previous head, every stored field).
enum Leaf {
    static let entryDomain = "kontor.ledger.entry"
    static let eventDomain = "kontor.ledger.event"
    static let genesisDomain = "kontor.ledger.genesis"
    static let privateTextDomain = "kontor.ledger.private"
    static let version: UInt8 = 1

    /// The head of a book in which nothing has happened yet.
    static func genesis(book: [UInt8]) -> [UInt8] {
        var bytes = CanonicalBytes(capacity: 64)
        begin(&bytes, genesisDomain)
        bytes.blob(book)
        return bytes.digest()
    }

    /// Binds a text that may be erased later; without the salt nobody can guess it from the digest.
    static func privateText(_ text: String, salt: [UInt8]) -> [UInt8] {
        var bytes = CanonicalBytes(capacity: 128)
        begin(&bytes, privateTextDomain)
        bytes.blob(salt)
        bytes.text(text)
        return bytes.digest()
    }

    static func event(_ event: EventRecord, previous: [UInt8], into bytes: inout CanonicalBytes) -> [UInt8] {
        bytes.removeAll()
        begin(&bytes, eventDomain)
        bytes.blob(previous)
        bytes.int(event.id)
        bytes.int(event.afterEntry)
        bytes.text(event.kind)
        bytes.int(event.subject)
        bytes.text(event.payload)
        bytes.int(event.actor.id)
        bytes.text(event.actor.label)
        bytes.text(event.reason)
        bytes.text(event.recordedAt)
        return bytes.digest()
    }

    /// Followed by `line` for each line, then the digest.
    static func beginEntry(_ entry: EntryRecord, lineCount: Int, previous: [UInt8], into bytes: inout CanonicalBytes) {
        bytes.removeAll()
        begin(&bytes, entryDomain)
        bytes.blob(previous)
        bytes.int(entry.id)
        bytes.text(entry.recordedAt)
        bytes.text(entry.kind)
        bytes.text(entry.effectiveOn)
        bytes.text(entry.sourceType)
        bytes.int(entry.sourceID)
        bytes.int(entry.actorID)
        bytes.text(entry.actor)
        bytes.text(entry.rulesVersion)
        bytes.int(entry.reverses)
        bytes.int(entry.corrects)
        bytes.int(entry.hold)
        bytes.int(entry.exception)
        bytes.text(entry.idempotencyKey)
        bytes.blob(entry.memoDigest)
        bytes.int(Int64(lineCount))
    }

    static func line(_ line: LineRecord, into bytes: inout CanonicalBytes) {
        bytes.int(line.account)
        bytes.int(line.debit)
        bytes.int(line.credit)
        bytes.int(line.branch)
        bytes.text(line.dimensions)
    }

    private static func begin(_ bytes: inout CanonicalBytes, _ domain: String) {
        bytes.text(domain)
        bytes.byte(version)
    }
}

/// A row of ledger_entries without its digest, texts as they are stored.
struct EntryRecord {
    var id: Int64 = 0
    var kind: String
    var effectiveOn: String
    var recordedAt = ""
    var sourceType: String?
    var sourceID: Int64?
    var actorID: Int64
    var actor: String
    var rulesVersion: String?
    var reverses: Int64?
    var corrects: Int64?
    var hold: Int64?
    var exception: Int64?
    var idempotencyKey: String?
    var memoDigest: [UInt8]?
}

/// A row of ledger_lines; its number is its place.
struct LineRecord: Equatable {
    var account: Int64
    var debit: Int64
    var credit: Int64
    var branch: Int64?
    var dimensions: String?

    var side: Side { debit != 0 ? .debit : .credit }
    var amount: Int64 { debit &+ credit }
}

/// A row of ledger_events without its digest.
struct EventRecord {
    var id: Int64 = 0
    var afterEntry: Int64 = 0
    var kind: String
    var subject: Int64
    var payload: String
    var actor: LedgerActor
    var reason: String?
    var recordedAt = ""
}
