import Core
import Storage
import Synchronization

/// A request that a plugin's route answered, kept so that a change of the plugin can be tried on it: what was asked, by whom, when.
///
/// It holds no answer: both versions give theirs when it is replayed.
struct RecordedRequest: Sendable {
    /// As it came, or as it was read where it came as no bytes.
    enum Body: Sendable {
        case bytes([UInt8])
        case value(Value)

        var json: [UInt8] {
            switch self {
            case .bytes(let bytes): bytes
            case .value(let value): JSON.serialize(value)
            }
        }
    }

    /// A longer one is not kept, in bytes.
    static let mostBytes = 32 << 10

    let tenantID: Int64
    /// The clock of the request, which gives the seed too.
    let at: Instant
    let method: Endpoint.Method
    /// The route's path as it was declared.
    let path: String
    let parameters: [String: String]
    let query: [(name: String, value: String)]
    let body: Body
    let principal: Principal

    /// `POST /api/sales`
    var route: String { "\(method.rawValue) \(path)" }
}

extension RecordedRequest {
    /// The principal as JSON: what it may do and where, no credential.
    static func value(_ principal: Principal) -> Value {
        func list(_ words: Set<String>) -> Value { .array(words.sorted().map(Value.string)) }
        return [
            "service": .bool(principal.kind == .service), "user": .int(principal.userID), "username": .string(principal.username),
            "roles": .array(principal.roles.map(Value.string)), "permissions": list(principal.permissions),
            "denied": list(principal.deniedPermissions),
            "branches": principal.branchIDs.map { .array($0.sorted().map(Value.int)) } ?? .null,
        ]
    }

    static func principal(_ value: Value) -> Principal {
        func words(_ name: String) -> [String] { value[name]?.array?.compactMap(\.string) ?? [] }
        return Principal(
            kind: value["service"] == true ? .service : .user, userID: value["user"]?.int ?? 0, username: value["username"]?.string ?? "",
            roles: words("roles"), permissions: Set(words("permissions")), deniedPermissions: Set(words("denied")),
            branchIDs: value["branches"]?.array.map { Set($0.compactMap(\.int)) })
    }
}

/// Tells which requests are recorded: of each route one a second.
///
/// Asked by every request of a route; it costs a look into a small dictionary, and nothing is made until one is taken.
final class RequestSampler: Sendable {
    /// Routes of revisions that are gone are forgotten with the rest.
    private static let most = 1_000
    private let taken = Mutex<[ObjectIdentifier: Int64]>([:])

    func takes(_ route: RouteDeclaration, at: Instant) -> Bool {
        let second = at.milliseconds / 1_000
        return taken.withLock { taken in
            let id = ObjectIdentifier(route)
            if taken[id] == second { return false }
            if taken.count >= Self.most { taken = [:] }
            taken[id] = second
            return true
        }
    }

    func drop() { taken.withLock { $0 = [:] } }
}

/// Whether and what the routes of plugins record.
enum RequestRecording {
    /// Of the tenant: requests of routes are recorded, so that a change of a plugin can be tried on them.
    static let setting = "plugins.record_requests"

    /// Called when a route has answered well, inside its transaction. What is recorded is written by the log's own thread, after the
    /// commit; nothing of it is in the commit.
    static func note(_ route: RouteDeclaration, _ call: Call, _ scope: RunScope) throws {
        guard !call.isOnCopy, !route.isConfidential, !scope.isConfidential, let tenant = call.tenant, tenant.requestSampler.takes(route, at: call.now),
            call.bodyBytes.count <= RecordedRequest.mostBytes,
            try Settings.cached(scope.database, setting)?.bool ?? true
        else { return }
        let request = RecordedRequest(
            tenantID: tenant.id, at: call.now, method: route.method, path: route.path.description, parameters: call.parameters, query: call.query,
            body: call.bodyBytes.isEmpty ? .value(call.body) : .bytes(call.bodyBytes), principal: call.principal)
        let log = call.instance.decisions
        if call.endpoint.execution == .write { call.afterCommit { log.add(request) } } else { log.add(request) }
    }
}
