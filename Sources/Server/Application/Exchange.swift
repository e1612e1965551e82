import Core
import Platform
import Storage

/// One request from its arrival to its answer.
///
/// The steps, in order: tenant, route, caller, rate limit, permission, body, idempotency key, dispatch, answer. The first step
/// that refuses answers.
///
/// Safe to send: it is used by one thread at a time, the connection's, then a pool's or the lane's; each hands it on through a
/// queue with a lock and does not touch it afterwards.
final class Exchange: @unchecked Sendable {
    let application: Application
    let inquiry: any Inquiry
    let answering: any Answering
    let now: Instant
    /// On `monotonicNanoseconds`.
    let startedAt: UInt64
    /// Set by callers in process; nil means: look at the credentials.
    let given: Principal?

    var tenant: Tenant?
    var revision: Revision?
    var endpoint: Endpoint?
    var parameters: [String: String] = [:]
    var principal = Principal.anonymous
    var call: Call?
    var keyed: Idempotency.Request?
    /// What the turn answers once it is committed.
    var response: HTTPResponse?
    /// Whether the key under which this request came already holds an answer.
    var isKeyTaken = false
    var stage = Stage.admit

    enum Stage {
        /// Waiting for a thread that may wake the tenant.
        case admit
        /// Waiting for a reading thread.
        case read
        /// Waiting for a thread that may be held by whoever takes the answer.
        case export
        case work
    }

    init(
        _ application: Application, _ inquiry: any Inquiry, _ answering: any Answering, tenant: Tenant? = nil,
        as given: Principal? = nil
    ) {
        self.application = application
        self.inquiry = inquiry
        self.answering = answering
        self.tenant = tenant
        self.given = given
        now = application.instance.clock.now()
        startedAt = monotonicNanoseconds()
    }

    // MARK: Admission

    /// Called once, on the connection's thread.
    func start() {
        do {
            try locate()
            // A tenant that sleeps is woken on a thread that may wait.
            if let tenant, tenant.revisionSlot.current == nil || !tenant.store.isOpen || !application.limits.isKnown(tenant)
                || tenant.isWritabilityUnknown
            {
                return try enqueue(application.readers, owner: tenant.id)
            }
            try admit()
        } catch {
            refuse(error)
        }
    }

    /// Finds the tenant by host.
    private func locate() throws {
        if given != nil { return }
        let host = inquiry.host
        if let found = application.instance.directory.find(host: host) {
            tenant = found
        } else if !application.configuration.operatorHosts.contains(host), !inquiry.isLocal {
            throw TenantDirectory.notFound
        }
    }

    /// Everything between the arrival and the handler. On a pool's thread it may read the database.
    func admit() throws {
        guard try route(), let endpoint else { return }
        guard try authenticate(endpoint) else { return try enqueue(application.readers, owner: tenant?.id ?? 0) }
        try application.limits.take(of: principal, inquiry.peerAddress, tenant, endpoint.rateClass)
        try Authorization.check(principal, endpoint)
        let call = try read(endpoint)
        self.call = call
        if given == nil { try Authorization.admit(call, actingUser: inquiry.header("x-user-id")) }
        // Before the turn: a refusal that ends when somebody lets changes go on is not kept under a key.
        try call.requireWritable()
        if endpoint.execution == .write { endpoint.prepare?(call) }
        try dispatch(endpoint, call)
    }

    /// - Returns: false when the request is answered already.
    private func route() throws -> Bool {
        if let tenant {
            revision = try application.revision(of: tenant)
            if !application.limits.isKnown(tenant) { try application.limits.load(tenant) }
            try tenant.loadWritability()
        }
        guard let method = inquiry.verb.method else {
            answer(try options())
            return false
        }
        switch application.match(method, inquiry, isOperator: tenant == nil, revision) {
        case .found(let endpoint, let parameters):
            self.endpoint = endpoint
            self.parameters = parameters
            return true
        case .otherMethods(let methods):
            let names = Self.allow(methods)
            throw Problem(
                405, "request.method_not_allowed", "\(inquiry.path) takes \(names), not \(inquiry.verb.name).",
                headers: [("Allow", names)])
        case .none:
            throw Problem(404, "request.not_found", "There is nothing at \(inquiry.path).")
        }
    }

    /// What OPTIONS says: which methods the path takes. No other origin is ever let in.
    private func options() throws -> HTTPResponse {
        var methods: [Endpoint.Method] = []
        for method in Endpoint.Method.allCases {
            if case .found = application.match(method, inquiry, isOperator: tenant == nil, revision) { methods.append(method) }
        }
        guard !methods.isEmpty else { throw Problem(404, "request.not_found", "There is nothing at \(inquiry.path).") }
        return HTTPResponse(status: 204, headers: [("Allow", Self.allow(methods))])
    }

    private static func allow(_ methods: [Endpoint.Method]) -> String {
        ((methods.contains(.get) ? ["HEAD"] : []) + methods.map(\.rawValue) + ["OPTIONS"]).sorted().joined(separator: ", ")
    }

    /// - Returns: false when only the database can tell, and this thread must not wait for it.
    private func authenticate(_ endpoint: Endpoint) throws -> Bool {
        do {
            let mayWait = stage != .admit
            guard let known = try given ?? application.principal(of: inquiry, tenant, now, mayWait: mayWait) else { return false }
            principal = known
        } catch let error as any ProblemConvertible where error.problem.status == 401 {
            // A stale cookie must not keep anybody from signing in. Anywhere else, guessing counts.
            guard endpoint.access == .anyone else {
                try application.limits.take(of: .anonymous, inquiry.peerAddress, tenant, .standard)
                throw error
            }
        }
        if let tenant, !tenant.isActive { try admitToInactive(tenant, endpoint) }
        if case .session = principal.credential, given == nil {
            try CrossSite.check(
                method: endpoint.method, origin: inquiry.header("origin"), host: (inquiry.header("host") ?? "").lowercased(),
                contentType: inquiry.body.isEmpty ? nil : inquiry.header("content-type"),
                secure: application.instance.configuration.isSecure)
        }
        return true
    }

    /// Of an inactive tenant only those get in who may take its data out, and the operator.
    private func admitToInactive(_ tenant: Tenant, _ endpoint: Endpoint) throws {
        if principal.restriction == .export || principal.credential == .local { return }
        let mayLogIn = tenant.facts.exportUntil.map { now < $0 } ?? false
        guard mayLogIn, endpoint.path.description == "/login" || endpoint.path.description == "/api/health" else {
            throw TenantDirectory.inactive
        }
    }

    private func read(_ endpoint: Endpoint) throws -> Call {
        let bytes = inquiry.body
        var body = Value.null
        guard bytes.count <= endpoint.bodyLimit else {
            throw Problem(413, "request.too_large", "The body may have at most \(endpoint.bodyLimit) bytes.")
        }
        if endpoint.method != .get {
            switch endpoint.accepts {
            case .json:
                if bytes.isEmpty {
                    if endpoint.documentation.input != nil { body = .object([:]) }
                } else {
                    guard MediaType.isJSON(inquiry.header("content-type")) else {
                        throw Problem(415, "request.media_type", "Send the body as application/json.")
                    }
                    body = try JSON.parse(bytes)
                }
                if let input = endpoint.documentation.input {
                    body = try input.read(body, currency: tenant?.currency)
                }
            case .bytes(let types):
                guard bytes.isEmpty || types.contains(Endpoint.anyType) || types.contains(MediaType.essence(inquiry.header("content-type"))) else {
                    throw Problem(
                        415, "request.media_type", "Send the body as \(types.joined(separator: " or ")).")
                }
            }
        }
        var key: String?
        if endpoint.idempotency != .none {
            key = inquiry.header("idempotency-key")
            if let key {
                keyed = try Idempotency.Request(
                    principalID: principal.userID, route: endpoint.path.description, key: key, path: inquiry.path,
                    query: inquiry.queryText, body: bytes)
            } else if endpoint.idempotency == .required {
                throw Problem(
                    400, "request.idempotency_key_required",
                    "Send an Idempotency-Key header, so that a repeated call is not carried out twice.")
            }
        }
        let call = Call(
            endpoint: endpoint, instance: application.instance, tenant: tenant, revision: revision, principal: principal,
            parameters: parameters, query: inquiry.query, body: body, bodyBytes: bytes, idempotencyKey: key,
            ifMatch: inquiry.header("if-match"), requestID: inquiry.requestID, remoteAddress: inquiry.peerAddress, now: now)
        call.contentType = MediaType.essence(inquiry.header("content-type"))
        return call
    }
}
