import Core
import Storage

extension Ledger {
    private static let insertCheckpoint = SQL(
        """
        INSERT INTO ledger_checkpoints (entry_id, event_id, head, taken_at, signer, signature)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        """)
    private static let selectCheckpoints = SQL(
        "SELECT entry_id, event_id, head, taken_at, signer, signature FROM ledger_checkpoints ORDER BY id")
    private static let entryHead = SQL("SELECT digest FROM ledger_entries WHERE id = ?1")
    private static let eventHead = SQL("SELECT digest, after_entry_id FROM ledger_events WHERE id = ?1")

    /// Signs where the chain stands. The caller keeps the result outside the file too: at period ends, with backups.
    package func checkpoint(sign key: SigningKey) throws -> Checkpoint {
        let head = try memory.validate(db)
        let book = try Head.bookID(db)
        let digest = try head.previous(db)
        let now = clock.now()
        let message = Checkpoint.message(book: book, entry: head.entry, event: head.event, head: digest, takenAt: now)
        let checkpoint = Checkpoint(
            book: book, entry: head.entry, event: head.event, head: digest, takenAt: now, signer: key.verifyingKey,
            signature: key.sign(message))
        try db.run(
            Self.insertCheckpoint, checkpoint.entry, checkpoint.event, checkpoint.head, checkpoint.takenAt,
            checkpoint.signer.rawBytes, checkpoint.signature)
        return checkpoint
    }

    /// Those that the file itself keeps, the oldest first.
    package func checkpoints() throws -> [Checkpoint] {
        let book = try Head.bookID(db)
        return try db.query(Self.selectCheckpoints) { row in
            Checkpoint(
                book: book, entry: row.int(0), event: row.int(1), head: row.bytes(2), takenAt: try row.instant(3),
                signer: try VerifyingKey(rawBytes: row.bytes(4)), signature: row.bytes(5))
        }
    }

    /// Compares the book with a checkpoint that was kept elsewhere: finds a tail that was cut off, and a chain that was
    /// made anew. That the chain up to there is whole is `verify`'s to say.
    ///
    /// - Parameter key: who must have signed it.
    package func verify(against checkpoint: Checkpoint, signedBy key: VerifyingKey) throws -> [VerifyProblem] {
        let place = "checkpoint at entry \(checkpoint.entry)"
        guard checkpoint.signer == key, checkpoint.isSigned else {
            return [VerifyProblem(.checkpoint, place, "It is not signed by the key \(key.fingerprint).")]
        }
        guard try checkpoint.book == Head.bookID(db) else {
            return [VerifyProblem(.checkpoint, place, "It is of another book.")]
        }
        let head = try Head.read(db)
        guard head.entry >= checkpoint.entry, head.event >= checkpoint.event else {
            return [
                VerifyProblem(
                    .checkpoint, place,
                    "The book ends at entry \(head.entry), event \(head.event): what came up to event \(checkpoint.event) is missing.")
            ]
        }
        guard try self.head(at: checkpoint) == checkpoint.head else {
            return [VerifyProblem(.checkpoint, place, "The chain had another head when it was signed: it was changed since.")]
        }
        return []
    }

    /// The digest of the last leaf at that point, as it is stored now.
    func head(at checkpoint: Checkpoint) throws -> [UInt8]? {
        if checkpoint.event > 0 {
            let event = try db.first(Self.eventHead, checkpoint.event) { (digest: $0.bytes(0), after: $0.int(1)) }
            guard let event else { return nil }
            if event.after == checkpoint.entry { return event.digest }
        }
        if checkpoint.entry > 0 { return try db.first(Self.entryHead, checkpoint.entry) { $0.bytes(0) } }
        return Leaf.genesis(book: try Head.bookID(db))
    }
}
