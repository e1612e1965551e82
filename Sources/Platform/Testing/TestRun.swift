import Core
import Ledger
import Scripting
import Storage

/// What tests are about, and where they run: a copy of a tenant's data, never the tenant itself.
package struct TestSubject {
    package let db: Connection
    package let tenant: Tenant
    package let instance: Instance
    /// What runs: the tenant's plugins and rules, with the draft or the new package in its place.
    package let revision: Revision
    /// The plugin whose tests they are; nil for the tests of a rule file.
    package let package: PluginPackage?
    /// `fixtures/shop.json` to its text.
    package let fixtures: [String: [UInt8]]

    package init(
        db: Connection, tenant: Tenant, instance: Instance, revision: Revision, package: PluginPackage?, fixtures: [String: [UInt8]] = [:]
    ) {
        self.db = db
        self.tenant = tenant
        self.instance = instance
        self.revision = revision
        self.package = package
        self.fixtures = fixtures
    }
}

/// One test on its way: its clock, who asks, and what it may do. Belongs to one thread.
final class TestRun: ScriptHost {
    let subject: TestSubject
    let clock: ManualClock
    var principal = Principal(kind: .user, userID: 1, username: "tester", permissions: ["*"])
    /// The last entry that was posted, and the last message that was queued, before the test began.
    private let lastEntry: Int64
    let lastMessage: Int64
    /// Where the till of `on_till` stands.
    var branchID: Int64?
    let watch = RunWatch()
    let outside = TestOutside()
    var evidence = TestEvidence()
    /// Whether the schedules were looked at since the clock was set.
    var knowsSchedules = false

    var db: Connection { subject.db }
    var revision: Revision { subject.revision }
    var actor: ActingUser { .service(at: clock.now()) }
    var ledger: Ledger { db.ledger(clock: clock) }

    init(_ subject: TestSubject, start: Instant) throws {
        self.subject = subject
        clock = ManualClock(start)
        lastEntry = try subject.db.ledger(clock: clock).entries(limit: 1).first?.id ?? 0
        lastMessage = try Outbox(subject.db).list(limit: 1).first?.id ?? 0
    }

    /// Nine o'clock.
    static func morning(of date: CalendarDate, in zone: TimeZone) -> Instant {
        zone.start(of: date).adding(milliseconds: 9 * 3_600_000)
    }

    /// For what the test itself asks of the kernel: the rights of the kernel, and room.
    func scope() -> RunScope {
        let scope = RunScope(
            tenant: subject.tenant, revision: revision, principal: principal, database: db, clock: clock, now: clock.now(), actor: actor,
            requestID: "test")
        scope.limits = .lifecycle
        scope.scriptLimits = .test
        scope.courier = Courier(outside, clock: clock)
        scope.observed(by: watch)
        return scope
    }

    func call(_ function: Int, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws {
        defer { evidence.own(watch.take()) }
        guard function >= TestModule.first else {
            let run = HostRun(scope(), phase: .route, package: subject.package, isTrusted: true)
            return try run.call(function, &arguments, &results)
        }
        let target = TestModule.functions[function - TestModule.first]
        results.write(try target.body(self, Arguments(function: TestModule.words[target.name] ?? target.name, values: try arguments.readAll())))
    }

    func entries() throws -> [Value] {
        var found: [Value] = []
        for entry in try ledger.entries(limit: 200) where entry.id > lastEntry {
            found.insert(LedgerModule.describe(entry), at: 0)
        }
        return found
    }

    /// `call(method, path, body)`: as the server does it, on the test's own connection.
    func call(_ arguments: Arguments) throws -> Value {
        guard let method = Endpoint.Method(rawValue: try arguments.text(0)) else {
            throw arguments.wrong(0, "must be GET, POST, PUT, PATCH or DELETE")
        }
        let text = try arguments.text(1)
        let parts = text.split(separator: "?", maxSplits: 1).map(String.init)
        guard case .found(let endpoint, let parameters) = revision.router.match(method, parts.first ?? text) else {
            throw arguments.wrong(1, "is “\(text)”, at which there is nothing for \(method.rawValue)")
        }
        evidence.begin()
        defer { evidence.end(watch.take()) }
        do {
            return try db.savepoint { try answer(endpoint, parameters, query: parts.count > 1 ? parts[1] : "", arguments[2]) }
        } catch {
            guard let problem = (error as? any ProblemConvertible)?.problem, problem.status < 500 else { throw error }
            var body: Object = ["code": .string(problem.code), "detail": .string(problem.detail), "message": .string(problem.detail)]
            if let field = problem.field { body["field"] = .string(field) }
            for (name, value) in problem.extra { body[name] = value }
            return ["status": .int(Int64(problem.status)), "body": .object(body)]
        }
    }

    private func answer(_ endpoint: Endpoint, _ parameters: [String: String], query: String, _ given: Value) throws -> Value {
        try Authorization.check(principal, endpoint)
        var body = Value.null
        var bytes: [UInt8] = []
        if endpoint.method != .get {
            // What crosses is JSON, as from any other client.
            bytes = JSON.serialize(given == .null || given.items?.isEmpty == true ? .object(Object()) : given)
            body = try JSON.parse(bytes)
            if let input = endpoint.documentation.input { body = try input.read(body, currency: subject.tenant.currency) }
        }
        let call = Call(
            endpoint: endpoint, instance: subject.instance, tenant: subject.tenant, revision: revision, principal: principal,
            parameters: parameters, query: Self.pairs(query), body: body, bodyBytes: bytes, requestID: "test", now: clock.now())
        call.clock = clock
        call.watch = watch
        let reply = try call.with(db) { try endpoint.handle(call) }
        let answer: Value =
            switch reply.body {
            case .none, .stream: .null
            case .json(let value): try JSON.parse(JSON.serialize(value))
            case .bytes(let bytes, let type): type.contains("json") ? try JSON.parse(bytes) : .string(String(decoding: bytes, as: UTF8.self))
            }
        return ["status": .int(Int64(reply.status)), "body": answer]
    }

    private static func pairs(_ query: String) -> [(name: String, value: String)] {
        query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (parts[0], parts.count > 1 ? parts[1].replacing("+", with: " ") : "")
        }
    }
}

extension ScriptLimits {
    /// One test, with all the requests that it makes.
    static let test = ScriptLimits(
        steps: 100_000_000, cpuMilliseconds: 5_000, wallMilliseconds: 20_000, memory: 64 << 20, hostCalls: 100_000, nodes: 100_000)
}
