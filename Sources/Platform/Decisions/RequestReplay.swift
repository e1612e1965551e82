import Core
import Ledger
import Storage

/// What a recorded request comes to under a revision: its answer's money, what it posts, what it sends off.
struct RequestOutcome {
    /// One amount on an account, debits positive.
    struct Line: Hashable, Comparable {
        let account: String
        let currency: String
        let minor: Int64

        static func < (a: Line, b: Line) -> Bool { (a.account, a.currency, a.minor) < (b.account, b.currency, b.minor) }
    }

    var status: Int
    /// The refusal's; nil for what was carried out.
    var code: String?
    /// The answer's amounts by their path, in minor units.
    var figures: [(path: String, minor: Int64)] = []
    /// What the answer calls its total.
    var total: Int64?
    /// What was posted, entry by entry.
    var entries: [[Line]] = []
    /// What was queued to leave or to be done, by kind.
    var effects: [String: Int] = [:]

    static func refused(_ status: Int, _ code: String) -> RequestOutcome { RequestOutcome(status: status, code: code) }

    /// What it amounts to: the answer's total, else the debits of what it posts, else all amounts of the answer.
    func amount(_ currency: String) -> Int64 {
        if let total { return total }
        if !entries.isEmpty {
            return entries.joined().reduce(0) { $0 &+ ($1.currency == currency && $1.minor > 0 ? $1.minor : 0) }
        }
        return figures.reduce(0) { $0 &+ $1.minor }
    }
}

extension Revision {
    /// The route that a recorded request went to.
    func route(_ request: RecordedRequest) -> RouteDeclaration? {
        for package in plugins.packages {
            if let found = package.routes.first(where: { $0.method == request.method && $0.path.description == request.path }) { return found }
        }
        return nil
    }
}

/// Answers recorded requests on a copy: each with its own clock and seed, in a savepoint that is rolled back. Nothing leaves.
struct RequestReplay {
    /// The most that are replayed.
    static let most = 1_000
    /// After so long, the requests that are left are left out.
    static let mostNanoseconds: UInt64 = 30_000_000_000

    let instance: Instance
    let tenant: Tenant
    let db: Connection

    private struct Undo: Error {
        let outcome: RequestOutcome
    }

    /// One for each request, fewer where time runs out.
    func answers(to requests: [RecordedRequest], by revision: Revision) throws -> [RequestOutcome] {
        let end = monotonicNanoseconds() + Self.mostNanoseconds
        var outcomes: [RequestOutcome] = []
        outcomes.reserveCapacity(requests.count)
        for request in requests {
            if monotonicNanoseconds() > end { break }
            outcomes.append(try answer(request, by: revision))
        }
        return outcomes
    }

    private func answer(_ request: RecordedRequest, by revision: Revision) throws -> RequestOutcome {
        guard let route = revision.route(request) else { return .refused(404, "request.not_found") }
        do {
            try db.savepoint { throw Undo(outcome: try carryOut(request, route, revision)) }
        } catch let undo as Undo {
            return undo.outcome
        } catch let error as any ProblemConvertible {
            return .refused(error.problem.status, error.problem.code)
        }
        preconditionFailure("a replayed request's savepoint ends by an error")
    }

    private func carryOut(_ request: RecordedRequest, _ route: RouteDeclaration, _ revision: Revision) throws -> RequestOutcome {
        let endpoint = route.endpoint
        try Authorization.check(request.principal, endpoint)
        let bytes = request.body.json
        var body = Value.null
        if endpoint.method != .get {
            body = bytes.isEmpty ? .object([:]) : try JSON.parse(bytes)
            if let input = endpoint.documentation.input { body = try input.read(body, currency: tenant.currency) }
        }
        let clock = ManualClock(request.at)
        let before = try Marks(db, clock)
        let call = Call(
            endpoint: endpoint, instance: instance, tenant: tenant, revision: revision, principal: request.principal,
            parameters: request.parameters, query: request.query, body: body, bodyBytes: bytes, requestID: "replay", now: request.at)
        call.clock = clock
        // Its own watch for each: what fails here switches no hook off, and what is decided goes to no log.
        call.watch = RunWatch()
        let reply = try call.with(db) { try endpoint.handle(call) }
        var outcome = RequestOutcome(status: reply.status)
        if case .bytes(let bytes, _) = reply.body { read(try JSON.parse(bytes, limits: .stored), route, &outcome) }
        try before.read(db, clock, into: &outcome)
        return outcome
    }

    /// The amounts among the declared fields; where nothing is declared there is no telling what is money.
    private func read(_ answer: Value, _ route: RouteDeclaration, _ outcome: inout RequestOutcome) {
        func walk(_ value: Value, _ fields: [FieldDeclaration], _ path: String) {
            guard let object = value.object else { return }
            for field in fields {
                guard let inner = object[field.jsonName], inner != .null else { continue }
                let place = path.isEmpty ? field.jsonName : "\(path).\(field.jsonName)"
                if field.kind == .money, let minor = inner.int {
                    if path.isEmpty, field.name == "total" { outcome.total = minor }
                    outcome.figures.append((place, minor))
                } else if let items = inner.array {
                    for (index, item) in items.enumerated() { walk(item, field.fields, "\(place)[\(index + 1)]") }
                } else {
                    walk(inner, field.fields, place)
                }
            }
        }
        walk(answer, route.output ?? [], "")
    }

    /// How far the book and the queues had come before a request.
    private struct Marks {
        private static let most = 200
        private static let outbox = SQL("SELECT kind, count(*) FROM platform_outbox WHERE id > ?1 GROUP BY kind")
        private static let lastOutbox = SQL("SELECT coalesce(max(id), 0) FROM platform_outbox")
        private static let jobs = SQL("SELECT count(*) FROM platform_jobs WHERE id > ?1")
        private static let lastJob = SQL("SELECT coalesce(max(id), 0) FROM platform_jobs")

        private let entry: Int64
        private let message: Int64
        private let job: Int64

        init(_ db: Connection, _ clock: ManualClock) throws {
            entry = try db.ledger(clock: clock).entries(limit: 1).first?.id ?? 0
            message = try db.integer(Self.lastOutbox)
            job = try db.integer(Self.lastJob)
        }

        func read(_ db: Connection, _ clock: ManualClock, into outcome: inout RequestOutcome) throws {
            for entry in try db.ledger(clock: clock).entries(limit: Self.most).reversed() where entry.id > self.entry {
                outcome.entries.append(
                    entry.lines.map { line in
                        RequestOutcome.Line(
                            account: line.accountCode, currency: line.amount.currency.code,
                            minor: line.side == .debit ? line.amount.minor : -line.amount.minor)
                    }.sorted())
            }
            for (kind, count) in try db.query(Self.outbox, message, row: { ($0.text(0), Int($0.int(1))) }) { outcome.effects[kind] = count }
            let queued = try db.integer(Self.jobs, job)
            if queued > 0 { outcome.effects["job"] = Int(queued) }
        }
    }
}
