import Core
import Storage
import Synchronization

/// Switches off hooks that keep failing, so that a mistake in one plugin does not take the till down.
///
/// What a hook's `on_failure` says decides: `block` is never switched off, as what it guards must not happen without it; of
/// `skip` the change goes on without the hook; of `fallback` its function of that name serves. After five failures in a row
/// the hook itself is not tried any more, until somebody switches it on again or a new version of its plugin comes.
package final class HookBreaker: Sendable {
    static let limit = 5

    private struct State {
        var failures: [String: Int] = [:]
        /// What is switched off; nil until it was read.
        var off: Set<String>?
    }

    private let state = Mutex(State())

    private static let select = SQL("SELECT hook FROM platform_hook_switches")
    private static let insert = SQL(
        """
        INSERT INTO platform_hook_switches (hook, failures, error, switched_off_at) VALUES (?1, ?2, ?3, ?4)
          ON CONFLICT (hook) DO UPDATE SET failures = excluded.failures, error = excluded.error, switched_off_at = excluded.switched_off_at
        """)
    private static let delete = SQL("DELETE FROM platform_hook_switches WHERE hook = ?1")

    package init() {}

    func isOff(_ key: String, _ db: Connection) throws -> Bool {
        if let off = state.withLock({ $0.off }) { return off.contains(key) }
        let stored = Set(try db.query(Self.select) { $0.text(0) })
        state.withLock { $0.off = ($0.off ?? []).union(stored) }
        return stored.contains(key)
    }

    func succeeded(_ key: String) {
        state.withLock { if $0.failures[key] != nil { $0.failures[key] = nil } }
    }

    /// - Returns: how often it has failed in a row.
    func failed(_ key: String) -> Int {
        state.withLock { state in
            state.failures[key, default: 0] += 1
            return state.failures[key] ?? 0
        }
    }

    func switchOff(_ hook: HookDeclaration, failures: Int, error: String, _ scope: RunScope) throws {
        try scope.database.run(Self.insert, hook.key, Int64(failures), error, scope.now.description)
        try Audit.append(
            scope.database, scope.actor, "hook.switched_off", object: ("hook", hook.name),
            after: ["failures": .int(Int64(failures)), "error": .string(error), "on_failure": .string(hook.onFailure.rawValue)])
        state.withLock { $0.off = ($0.off ?? []).union([hook.key]) }
    }

    func switchOn(_ hook: HookDeclaration, _ db: Connection) throws {
        try db.run(Self.delete, hook.key)
        state.withLock {
            $0.off?.remove(hook.key)
            $0.failures[hook.key] = nil
        }
    }

    /// Forgets what can be read again.
    package func drop() { state.withLock { $0 = State() } }
}

/// `GET /api/hooks`, and switching one on again.
package enum HookEndpoints {
    package static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/api/hooks", access: .permission("scripts.view"), execution: .read,
            documentation: .init(
                "List the hooks in the order in which they run", tag: "Plugins",
                replies: [.init(200, "By record type and phase", .object([.init("items", .array(.object(members), maxItems: 10_000), required: true)]))])
        ) { call in
            let plugins = call.revision?.plugins ?? .none
            return Reply(200, ["items": .array(try plugins.hooksInOrder.map { try describe($0, call) })])
        },
        Endpoint(
            .post, "/api/hooks/{name}/on", access: .permission("scripts.publish"), execution: .write,
            documentation: .init(
                "Switch a hook on again that was switched off", tag: "Plugins",
                pathParameters: [.init("name", .string(maxLength: 200), "plugin:id")], replies: [.init(200, "The hook", .object(members))])
        ) { call in
            let name = call.parameters["name"] ?? ""
            guard let tenant = call.tenant, let hook = call.revision?.plugins.hooksInOrder.first(where: { $0.name == name }) else {
                throw Problem(404, "hook.not_found", "There is no hook “\(name)” here.")
            }
            try tenant.hookBreaker.switchOn(hook, call.database)
            try Audit.append(call.database, call.actingUser, "hook.switched_on", object: ("hook", hook.name))
            return Reply(200, try describe(hook, call))
        },
    ]

    private static let members: [Schema.Member] = [
        .init("name", .string(), required: true, "plugin:id"), .init("plugin", .string(), required: true),
        .init("file", .string(), required: true), .init("on", .string(), required: true, "The record type, or plugin."),
        .init("phase", .string(), required: true),
        .init("on_failure", .string(allowed: HookDeclaration.Policy.allCases.map(\.rawValue)), required: true),
        .init("is_off", .boolean, required: true, "Whether it kept failing and is not tried any more."),
    ]

    private static func describe(_ hook: HookDeclaration, _ call: Call) throws -> Value {
        [
            "name": .string(hook.name), "plugin": .string(hook.plugin), "file": .string(hook.file), "on": .string(hook.on),
            "phase": .string(hook.phase.rawValue), "on_failure": .string(hook.onFailure.rawValue),
            "is_off": .bool(try call.tenant?.hookBreaker.isOff(hook.key, call.database) ?? false),
        ]
    }
}
