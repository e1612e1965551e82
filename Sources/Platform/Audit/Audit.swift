import Core
import Storage

/// The audit trail: who did what to which object, from where, with the facts before and after.
///
/// Rows are append-only (triggers refuse the rest) and chained: each carries a digest over itself and the digest before it,
/// so that a changed, removed or inserted row shows. What the chain alone cannot show is a tail cut off; `head` is for
/// those who keep it elsewhere.
package enum Audit {
    /// The place of the newest row in the chain.
    package struct Head: Sendable, Equatable {
        /// 0 while there is no row.
        package let id: Int64
        package let digest: [UInt8]
    }

    private static let selectHead = SQL("SELECT id, digest FROM platform_audit ORDER BY id DESC LIMIT 1")
    private static let insert = SQL(
        """
        INSERT INTO platform_audit (id, at, actor_id, actor, action, object_type, object_id, before, after, reason,
          remote_address, request_id, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        """)

    /// Appends one row, inside the caller's transaction.
    ///
    /// - Parameters:
    ///   - action: what was done, `noun.verb`: `user.created`, `token.revoked`.
    ///   - object: its table's singular (`user`) and its id or name.
    ///   - before: the facts before; `.null` for what did not exist. Never a secret.
    ///   - after: the facts after; `.null` for what is gone.
    @discardableResult
    package static func append(
        _ db: Connection, _ actor: ActingUser, _ action: String, object: (type: String, id: String),
        before: Value = .null, after: Value = .null, reason: String = ""
    ) throws -> Int64 {
        try append(db, actor, action, object: object, beforeText: text(before), afterText: text(after), reason: reason)
    }

    /// As above, with the facts as JSON text.
    @discardableResult
    static func append(
        _ db: Connection, _ actor: ActingUser, _ action: String, object: (type: String, id: String), beforeText: String?,
        afterText: String?, reason: String = ""
    ) throws -> Int64 {
        let head = try head(db)
        let row = Row(
            id: head.id + 1, at: actor.at.description, actorID: actor.id, actor: actor.name, action: action,
            objectType: object.type, objectID: object.id, before: beforeText, after: afterText, reason: reason,
            remoteAddress: actor.remoteAddress, requestID: actor.requestID)
        let statement = try db.statement(insert)
        statement.bind(1, row.id)
        statement.bind(2, row.at)
        statement.bind(3, row.actorID)
        statement.bind(4, row.actor)
        statement.bind(5, row.action)
        statement.bind(6, row.objectType)
        statement.bind(7, row.objectID)
        statement.bind(8, row.before)
        statement.bind(9, row.after)
        statement.bind(10, row.reason)
        statement.bind(11, row.remoteAddress)
        statement.bind(12, row.requestID)
        statement.bind(13, row.digest(after: head.digest))
        try statement.run()
        return row.id
    }

    @discardableResult
    package static func append(
        _ db: Connection, _ actor: ActingUser, _ action: String, object: (type: String, id: Int64),
        before: Value = .null, after: Value = .null, reason: String = ""
    ) throws -> Int64 {
        try append(
            db, actor, action, object: (object.type, String(object.id)), before: before, after: after, reason: reason)
    }

    package static func head(_ db: Connection) throws -> Head {
        let statement = try db.statement(selectHead)
        guard try statement.step() else { return Head(id: 0, digest: []) }
        defer { statement.reset() }
        return Head(id: statement.int64(0), digest: statement.bytes(1))
    }

    /// The members of two objects that differ: what an update's audit row holds.
    package static func difference(_ before: Value, _ after: Value) -> (before: Value, after: Value) {
        guard case .object(let old) = before, case .object(let new) = after else { return (before, after) }
        var was = Object()
        var became = Object()
        for (key, value) in old where new[key] != value { was[key] = value }
        for (key, value) in new where old[key] != value { became[key] = value }
        return (.object(was), .object(became))
    }

    private static func text(_ value: Value) -> String? {
        value.isNull ? nil : String(decoding: JSON.serialize(value), as: UTF8.self)
    }

    /// One row as the digest sees it.
    struct Row {
        var id: Int64
        var at: String
        var actorID: Int64
        var actor: String
        var action: String
        var objectType: String
        var objectID: String
        var before: String?
        var after: String?
        var reason: String
        var remoteAddress: String
        var requestID: String

        /// SHA-256 of `kontor.audit.1`, the digest before, and each field as a length (8 bytes, little-endian) and its UTF-8
        /// bytes; a length of all ones stands for NULL.
        func digest(after previous: [UInt8]) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(512)
            bytes.append(contentsOf: "kontor.audit.1".utf8)
            bytes.append(contentsOf: previous)
            func append(_ number: UInt64) {
                withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
            }
            func append(_ text: String?) {
                guard let text else { return append(UInt64.max) }
                append(UInt64(text.utf8.count))
                bytes.append(contentsOf: text.utf8)
            }
            append(UInt64(bitPattern: id))
            append(at)
            append(UInt64(bitPattern: actorID))
            append(actor)
            append(action)
            append(objectType)
            append(objectID)
            append(before)
            append(after)
            append(reason)
            append(remoteAddress)
            append(requestID)
            return Digest.sha256(bytes)
        }
    }
}
