import Core
import Platform
import Scripting
import Storage
import Testing

/// A tenant with plugins made of texts, whose scheduler does what is due when it is told to.
final class Works: Sendable {
    let house: TestHouse
    let tenant: Tenant
    let outside: FakeTransport

    /// With the world outside as the configuration has it.
    init(_ configuration: InstanceConfiguration, _ plugins: [String: String]...) throws {
        outside = FakeTransport()
        house = try TestHouse(configuration: configuration)
        tenant = house.acme
        for files in plugins { try install(files) }
    }

    init(_ plugins: [String: String]..., atGlobex: Bool = false, outside: FakeTransport = FakeTransport()) throws {
        var configuration = TestHouse.configuration
        configuration.transport = outside
        self.outside = outside
        house = try TestHouse(configuration: configuration)
        tenant = atGlobex ? house.globex : house.acme
        for files in plugins { try install(files) }
    }

    func install(_ files: [String: String]) throws {
        let bytes = files.mapValues { Array($0.utf8) }
        let (tenant, actor, clock) = (tenant, house.actor, house.clock)
        let revision = try tenant.store.write { db in
            try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(files: bytes, shippedRules: [:])
        }
        tenant.revisionSlot.publish(revision)
    }

    /// Does all that is due.
    func settle() { house.instance.scheduler.settle() }

    /// Lets time pass, minute by minute where a step is given, and does what is due.
    func pass(seconds: Int64, step: Int64? = nil) {
        var left = seconds
        while left > 0 {
            let now = min(left, step ?? left)
            house.advance(seconds: now)
            left -= now
            settle()
        }
    }

    static let manager = Principal(kind: .user, userID: 1, username: "admin", permissions: ["*"])

    func call(
        _ method: Endpoint.Method, _ path: String, _ body: Value = [:], as principal: Principal = manager, query: [(String, String)] = [],
        bytes: [UInt8] = [], contentType: String = "", key: String? = nil
    ) throws -> Reply {
        let revision = try tenant.store.read { db in try RevisionLibrary(db).current() }
        let router = Router<Endpoint>(revision.endpoints + PlatformEndpoints.tenant)
        guard case .found(let endpoint, let parameters) = router.match(method, path) else {
            throw Problem(404, "test.no_route", "\(method.rawValue) \(path)")
        }
        try Authorization.check(principal, endpoint)
        let body = try endpoint.documentation.input?.read(body, currency: tenant.currency) ?? body
        nonisolated(unsafe) let call = Call(
            endpoint: endpoint, instance: house.instance, tenant: tenant, revision: revision, principal: principal,
            parameters: parameters, query: query.map { (name: $0.0, value: $0.1) }, body: body, bodyBytes: bytes, idempotencyKey: key, requestID: "r1",
            now: house.now)
        call.contentType = contentType.split(separator: ";").first.map(String.init) ?? ""
        let store = tenant.store
        if endpoint.execution == .worker { return try ScriptThread.run { try endpoint.handle(call) } }
        if endpoint.execution == .read {
            return try ScriptThread.run { try store.read { db in try call.with(db) { try endpoint.handle(call) } } }
        }
        let reply = try store.write { db in try call.with(db) { try endpoint.handle(call) } }
        call.runAfterCommit()
        return reply
    }

    /// What a GET streams.
    func text(_ method: Endpoint.Method, _ path: String, as principal: Principal = manager) throws -> String {
        let revision = try tenant.store.read { db in try RevisionLibrary(db).current() }
        guard case .found(let endpoint, _) = Router<Endpoint>(revision.endpoints).match(method, path) else { return "" }
        nonisolated(unsafe) let call = Call(
            endpoint: endpoint, instance: house.instance, tenant: tenant, revision: revision, principal: principal, requestID: "r1", now: house.now)
        let store = tenant.store
        return try ScriptThread.run {
            try store.read { db in
                try call.with(db) {
                    guard case .stream(_, let write) = try endpoint.handle(call).body else { return "" }
                    var bytes: [UInt8] = []
                    try write(call) { bytes += $0 }
                    return String(decoding: bytes, as: UTF8.self)
                }
            }
        }
    }

    /// What the doctor finds.
    func doctor() throws -> [Value] { try call(.get, "/api/doctor").value["items"]?.array ?? [] }

    func run(_ job: String, _ args: Value = [:]) throws -> Int64 {
        let row = try call(.post, "/api/jobs/\(job)/run", ["args": args]).value
        return try #require(row["id"]?.int)
    }

    func row(_ id: Int64) throws -> Value { try call(.get, "/api/job-queue/\(id)").value }

    func runs(_ job: String? = nil) throws -> [Value] {
        try call(.get, "/api/job-runs", query: [("limit", "200")] + (job.map { [("job", $0)] } ?? [])).value["items"]?.array ?? []
    }

    func publish(_ path: String, _ source: String) throws {
        _ = try call(.put, "/api/scripts/\(path)/draft", ["source": .string(source), "message": "test"])
        _ = try call(.post, "/api/scripts/\(path)/publish")
    }

    /// The labels of all marks, in the order in which they were made.
    func marks() throws -> [String] {
        try tenant.store.read { db in try db.query(SQL("SELECT label FROM chores_marks ORDER BY id")) { $0.text(0) } }
    }

    /// A plugin with a record type `chores.mark`, to which its jobs leave traces.
    static func chores(_ more: [String: String] = [:]) -> [String: String] {
        var files = [
            "plugin.lua": #"return { name = "chores", version = "1.0.0", permissions = { { "chores.do", title = "Do chores" } } }"#,
            "records/mark.lua": #"""
                return { type = "chores.mark", path = "marks", permissions = { read = "chores.do", write = "chores.do" },
                  fields = { { "label", "text", required = true } } }
                """#,
        ]
        files.merge(more) { $1 }
        return files
    }
}
