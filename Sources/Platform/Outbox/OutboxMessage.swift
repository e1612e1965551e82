import Core
import Storage

/// A row of `platform_outbox`.
package struct OutboxMessage: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case mail
        case http
        /// A short message, by the gateway that the tenant configured.
        case message
        case print
    }

    package enum State: String, Sendable, CaseIterable {
        case pending
        /// An attempt is under way, or was when the process ended.
        case sending
        case sent
        /// Given up: somebody has to look at it.
        case dead
        case cancelled
    }

    package let id: Int64
    package let kind: Kind
    package let plugin: String
    package let dedupeKey: String?
    /// The same for every attempt.
    package let messageKey: String
    package let target: String
    package let payload: Value
    package let state: State
    /// Those that were begun.
    package let attempts: Int
    package let nextAt: Instant
    package let lastError: String?
    package let isUnsure: Bool
    package let response: String?
    package let actor: String
    package let createdAt: String
    package let finishedAt: String?

    static let columns = """
        id, kind, plugin, dedupe_key, message_key, target, payload, state, attempts, next_at, last_error, unsure, response, actor,
        created_at, finished_at
        """

    init(_ row: Storage.Row) throws {
        id = row.int(0)
        kind = Kind(rawValue: row.text(1)) ?? .http
        plugin = row.text(2)
        dedupeKey = row.optionalText(3)
        messageKey = row.text(4)
        target = row.text(5)
        payload = try JSON.parse(row.text(6), limits: .stored)
        state = State(rawValue: row.text(7)) ?? .dead
        attempts = Int(row.int(8))
        nextAt = try row.instant(9)
        lastError = row.optionalText(10)
        isUnsure = row.bool(11)
        response = row.optionalText(12)
        actor = row.text(13)
        createdAt = row.text(14)
        finishedAt = row.optionalText(15)
    }

    /// - Parameter full: with what is sent.
    package func value(full: Bool) -> Value {
        var value: Object = [
            "id": .int(id), "kind": .string(kind.rawValue), "plugin": .string(plugin), "key": dedupeKey.map(Value.string) ?? .null,
            "message_key": .string(messageKey), "target": .string(target), "state": .string(state.rawValue),
            "attempts": .int(Int64(attempts)), "next_at": state == .pending || state == .sending ? .string(nextAt.description) : .null,
            "last_error": lastError.map(Value.string) ?? .null, "unsure": .bool(isUnsure), "response": response.map(Value.string) ?? .null,
            "requested_by": .string(actor), "created_at": .string(createdAt), "finished_at": finishedAt.map(Value.string) ?? .null,
        ]
        if full { value["payload"] = payload }
        return .object(value)
    }
}
