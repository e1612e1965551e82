import Core
import Storage

/// What a tenant sends, inside the caller's transaction.
package struct Outbox {
    let db: Connection

    package init(_ db: Connection) {
        self.db = db
    }

    // MARK: In

    private static let insert = SQL("""
        INSERT INTO platform_outbox (kind, plugin, dedupe_key, message_key, target, payload, state, next_at, actor_id, actor, request_id,
          created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending', ?7, ?8, ?9, ?10, ?11, ?11)
        ON CONFLICT (dedupe_key) DO NOTHING
        """)
    private static let selectByKey = SQL("SELECT id FROM platform_outbox WHERE dedupe_key = ?1")

    /// - Parameters:
    ///   - target: whom it reaches, for people: an address, a URL, a printer.
    ///   - key: the same thing is not sent twice; nil for what is its own.
    ///   - at: not before.
    /// - Returns: its id, or that of the one under the same key.
    package func add(
        _ kind: OutboxMessage.Kind, plugin: String, target: String, payload: Object, key: String?, at: Instant, actor: ActingUser
    ) throws -> Int64 {
        let dedupe = key.map { "\(plugin):\($0)" }
        try db.run(
            Self.insert, kind.rawValue, plugin, dedupe, "k\(Random.reference())", String(target.prefix(500)),
            String(decoding: JSON.serialize(.object(payload)), as: UTF8.self), at, actor.id, actor.name, actor.requestID, actor.at)
        if db.changes == 0, let dedupe { return try db.integer(Self.selectByKey, dedupe) }
        return db.lastInsertRowID
    }

    // MARK: Looking

    private static let select = SQL("SELECT \(OutboxMessage.columns) FROM platform_outbox WHERE id = ?1")
    private static let selectPage = SQL("""
        SELECT \(OutboxMessage.columns) FROM platform_outbox
        WHERE (?1 = 0 OR id < ?1) AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR state = ?3) ORDER BY id DESC LIMIT ?4
        """)

    /// - Throws: 404 `outbox.not_found`.
    package func get(_ id: Int64) throws -> OutboxMessage {
        guard let message = try db.first(Self.select, id, row: { try OutboxMessage($0) }) else {
            throw Problem(404, "outbox.not_found", "There is no message \(id) in the outbox.")
        }
        return message
    }

    /// Newest first.
    package func list(before: Int64 = 0, kind: String? = nil, state: String? = nil, limit: Int) throws -> [OutboxMessage] {
        try db.query(Self.selectPage, before, kind, state, Int64(limit)) { try OutboxMessage($0) }
    }

    // MARK: By hand

    private static let setCancelled = SQL(
        "UPDATE platform_outbox SET state = 'cancelled', updated_at = ?2, finished_at = ?2 WHERE id = ?1")
    private static let setPending = SQL("""
        UPDATE platform_outbox SET state = 'pending', attempts = 0, next_at = ?2, updated_at = ?2, finished_at = NULL WHERE id = ?1
        """)

    /// - Throws: 409 `outbox.not_pending` for what is on its way or over.
    package func cancel(_ id: Int64, now: Instant) throws {
        let message = try get(id)
        guard message.state == .pending else {
            throw Problem(409, "outbox.not_pending", "The message \(id) is \(message.state.rawValue); only what waits can be cancelled.")
        }
        try db.run(Self.setCancelled, id, now)
    }

    /// Sends what was given up or cancelled again, under the same key; what waits, at once.
    /// - Throws: 409 `outbox.not_retryable`.
    package func retry(_ id: Int64, now: Instant) throws {
        let message = try get(id)
        guard [.dead, .cancelled, .pending].contains(message.state) else {
            throw Problem(409, "outbox.not_retryable", "The message \(id) is \(message.state.rawValue).")
        }
        try db.run(Self.setPending, id, now)
    }

    // MARK: Sending

    private static let selectDue = SQL("""
        SELECT \(OutboxMessage.columns) FROM platform_outbox WHERE state IN ('pending', 'sending') AND next_at <= ?1
          AND id NOT IN (SELECT value FROM json_each(?2)) ORDER BY next_at, id LIMIT ?3
        """)
    private static let selectNext = SQL("""
        SELECT next_at FROM platform_outbox WHERE state IN ('pending', 'sending') AND id NOT IN (SELECT value FROM json_each(?1))
        ORDER BY next_at LIMIT 1
        """)
    // What was on its way when the process ended may have arrived.
    private static let setSending = SQL("""
        UPDATE platform_outbox SET unsure = max(unsure, state = 'sending'), state = 'sending', attempts = attempts + 1, updated_at = ?2
        WHERE id = ?1
        """)

    /// Takes messages whose time has come; each counts as an attempt from here on, so that one which ends the process is given
    /// up in time.
    func claim(at now: Instant, without ids: Set<Int64>, limit: Int) throws -> [OutboxMessage] {
        guard limit > 0 else { return [] }
        var claimed: [OutboxMessage] = []
        for message in try db.query(Self.selectDue, now, Branches.json(ids), Int64(limit), row: { try OutboxMessage($0) }) {
            if message.attempts >= Self.mostAttempts(message.kind) {
                try settle(message, .refused("It was tried \(message.attempts) times, the last without an end."), now: now)
                continue
            }
            try db.run(Self.setSending, message.id, now)
            claimed.append(try get(message.id))
        }
        return claimed
    }

    func nextDue(without ids: Set<Int64>) throws -> Instant? {
        try db.first(Self.selectNext, Branches.json(ids)) { try $0.instant(0) }
    }

    // MARK: Afterwards

    private static let setSent = SQL("""
        UPDATE platform_outbox SET state = 'sent', last_error = NULL, response = ?2, updated_at = ?3, finished_at = ?3 WHERE id = ?1
        """)
    private static let setFailed = SQL("""
        UPDATE platform_outbox SET state = ?2, next_at = ?3, last_error = ?4, unsure = max(unsure, ?5), updated_at = ?6, finished_at = ?7
        WHERE id = ?1
        """)

    /// Notes how an attempt ended.
    func settle(_ message: OutboxMessage, _ report: DeliveryReport, now: Instant) throws {
        switch report {
        case .delivered(let response): try db.run(Self.setSent, message.id, String(response.prefix(2_000)), now)
        case .refused(let error): try db.run(Self.setFailed, message.id, "dead", now, String(error.prefix(2_000)), false, now, now)
        case .failed(let error, let isUnsure):
            let isOver = message.attempts >= Self.mostAttempts(message.kind)
            let wait = Self.delaySeconds(message.kind, after: message.attempts)
            try db.run(
                Self.setFailed, message.id, isOver ? "dead" : "pending", now.adding(seconds: wait), String(error.prefix(2_000)), isUnsure,
                now, isOver ? now : nil as Instant?)
        }
    }

    /// Some eight hours; a printer that is off is asked for as long.
    static func mostAttempts(_ kind: OutboxMessage.Kind) -> Int { kind == .print ? 500 : 16 }

    /// 10 s, doubled up to an hour; a minute at most for a printer.
    static func delaySeconds(_ kind: OutboxMessage.Kind, after attempts: Int) -> Int64 {
        kind == .print ? min(60, 5 * Int64(max(1, attempts))) : min(3_600, 10 << Int64(min(12, max(0, attempts - 1))))
    }

    // MARK: Out

    private static let cancelAll = SQL("""
        UPDATE platform_outbox SET state = 'cancelled', updated_at = ?1, finished_at = ?1 WHERE state IN ('pending', 'sending')
        """)
    private static let forgetPlaces = SQL("DELETE FROM platform_settings WHERE key IN ('mail.host', 'message.url', 'print.host')")

    /// For a tenant that was made of another one's copy: what waits there is the other one's to send, and nobody is written to
    /// until an administrator says by which servers.
    package static func silence(_ db: Connection, at now: Instant) throws {
        try db.run(cancelAll, now)
        try db.run(forgetPlaces)
        Settings.noteChange(db)
    }

    package static let keptDays: Int64 = 90
    private static let deleteOld = SQL("""
        DELETE FROM platform_outbox WHERE id IN (
          SELECT id FROM platform_outbox WHERE finished_at < ?1 AND state <> 'dead' ORDER BY finished_at LIMIT 500)
        """)

    static func purge(_ db: Connection, now: Instant) throws {
        try db.run(deleteOld, now.adding(seconds: -keptDays * 86_400))
    }
}

/// How an attempt to deliver ended.
package enum DeliveryReport: Sendable, Equatable {
    /// The other side has it.
    case delivered(response: String)
    /// Not now: it is tried again.
    /// - Parameter isUnsure: it may have arrived all the same.
    case failed(String, isUnsure: Bool)
    /// Never: the other side will not have it, or it cannot be sent as it is.
    case refused(String)
}

/// Notes on the tenant's lane how an attempt ended.
///
/// `@unchecked Sendable`: what it holds does not change.
final class OutboxSettlement: LaneWork, @unchecked Sendable {
    private let message: OutboxMessage
    private let report: DeliveryReport
    private let clock: any Clock
    private let done: () -> Void

    init(_ message: OutboxMessage, _ report: DeliveryReport, clock: any Clock, done: @escaping @Sendable () -> Void) {
        self.message = message
        self.report = report
        self.clock = clock
        self.done = done
    }

    func perform(_ db: Connection) throws { try Outbox(db).settle(message, report, now: clock.now()) }
    func refused(_ error: any Error, _ db: Connection) throws {}
    func finished(_ outcome: LaneOutcome) { done() }

    /// The note is lost; the message is delivered again.
    func abandon() { done() }
}
