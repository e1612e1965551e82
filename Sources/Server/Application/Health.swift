import Core
import Glibc
import Platform
import Storage

/// The answers to an anonymous health check, made once.
struct HealthAnswers {
    let ok: SharedResponse?
    let unavailable: SharedResponse?

    init() {
        ok = SharedResponse(HTTPResponse(status: 200, body: Array(#"{"status":"ok"}"#.utf8), contentType: "application/json"))
        unavailable = SharedResponse(
            HTTPResponse(
                status: 503, headers: [("Retry-After", "1")], body: Array(#"{"status":"unavailable"}"#.utf8),
                contentType: "application/json"))
    }
}

extension Application {
    private static let healthPath: StaticString = "/api/health"

    /// The answer to `GET /api/health` by somebody who shows no credential; nil for everything else.
    func quickHealth(_ request: HTTPRequest) -> HTTPResponse? {
        let path = Self.healthPath
        guard request.method == .get || request.method == .head,
            request.withPathBytes({ isSame($0, path) }),
            !request.isLocalSocket, request.header("authorization") == nil, request.header("cookie") == nil
        else { return nil }
        let isWell: Bool
        if let tenant = instance.directory.find(host: request.host) {
            guard tenant.isActive else { return nil }
            isWell = tenant.store.failure == nil
        } else {
            guard configuration.operatorHosts.contains(request.host) else { return nil }
            isWell = instance.system.store.failure == nil
        }
        return (isWell ? health.ok : health.unavailable).map { HTTPResponse(shared: $0) }
    }
}

/// The state of one part.
struct ComponentHealth {
    enum State: String {
        case up
        case degraded
        case down
    }

    let name: String
    let state: State
    let facts: Object

    var value: Value {
        var object: Object = ["name": .string(name), "status": .string(state.rawValue)]
        for (key, value) in facts { object[key] = value }
        return .object(object)
    }
}

extension Application {
    /// The parts that a tenant, or the operator, depends on.
    func components(of tenant: Tenant?) -> [ComponentHealth] {
        var parts: [ComponentHealth] = []
        let store = tenant?.store ?? instance.system.store
        var facts: Object = ["queued": .int(Int64(store.queued)), "open": .bool(store.isOpen)]
        if let failure = store.failure { facts["code"] = .string(failure.code) }
        parts.append(ComponentHealth(name: "store", state: store.failure == nil ? .up : .down, facts: facts))
        if let free = try? Files.freeBytes(instance.dataPath) {
            parts.append(
                ComponentHealth(
                    name: "disk", state: free < 64 << 20 ? .down : free < 1 << 30 ? .degraded : .up,
                    facts: ["free_bytes": .int(free)]))
        }
        for (name, pool, limit) in [
            ("readers", readers, configuration.readQueue), ("workers", workers, configuration.workQueue),
        ] {
            let waiting = pool.waiting
            parts.append(
                ComponentHealth(
                    name: name, state: waiting > limit / 2 ? .degraded : .up, facts: ["waiting": .int(Int64(waiting))]))
        }
        return parts
    }

    func detailedHealth(of tenant: Tenant?, now: Instant) -> (isUp: Bool, value: Value) {
        let parts = components(of: tenant)
        let worst: ComponentHealth.State =
            parts.contains { $0.state == .down } ? .down : parts.contains { $0.state == .degraded } ? .degraded : .up
        var object: Object = [
            "status": .string(worst == .up ? "ok" : worst == .degraded ? "degraded" : "unavailable"),
            "version": .string(configuration.version), "started_at": .string(startedAt.description),
            "uptime_seconds": .int(max(0, startedAt.milliseconds(until: now)) / 1_000),
        ]
        if let tenant {
            object["tenant_id"] = .int(tenant.id)
            object["name"] = .string(tenant.name)
            object["database"] = .string("tenants/\(tenant.id)/tenant.db")
        } else {
            object["tenants"] = .int(Int64(instance.directory.count))
            object["resident_bytes"] = .int(ProcessMemory.residentBytes)
            let connections = figures.connections
            var counts: Object = ["total": .int(Int64(connections.total))]
            for (name, count) in connections.states { counts[name] = .int(Int64(count)) }
            object["connections"] = .object(counts)
            var waiting = Object()
            for (name, count) in self.waiting { waiting[name] = .int(Int64(count)) }
            object["waiting"] = .object(waiting)
        }
        object["components"] = .array(parts.map(\.value))
        return (worst != .down, .object(object))
    }
}

enum ProcessMemory {
    /// What the process holds in memory now; 0 where the system does not tell.
    static var residentBytes: Int64 {
        guard let text = try? Files.text("/proc/self/statm") else { return 0 }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int64(fields[1]) ?? 0) * Int64(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}

private func isSame(_ bytes: UnsafeBufferPointer<UInt8>, _ text: StaticString) -> Bool {
    bytes.count == text.utf8CodeUnitCount && bytes.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: bytes.count))
}
