import Core
import Storage

/// One request on its way through an endpoint: who asks, of which tenant, with what.
///
/// It belongs to one thread at a time: the connection's, then the lane's or reader's.
package final class Call {
    package let endpoint: Endpoint
    package let tenant: Tenant?
    /// What runs for the tenant, as it was when the request arrived; a publish in between does not change it.
    package let revision: Revision?
    package let principal: Principal
    /// The path's parameters, percent-decoded.
    package let parameters: [String: String]
    package let query: [(name: String, value: String)]
    /// The parsed body, read by the input that the endpoint documents; `.null` when there was none.
    package let body: Value
    /// The body as it came; its SHA-256 is the request's identity under an idempotency key.
    package let bodyBytes: [UInt8]
    package let idempotencyKey: String?
    package let ifMatch: String?
    package let requestID: String
    package let remoteAddress: String
    /// When the request arrived.
    package let now: Instant
    package let instance: Instance
    /// The instance's; a test's own where a test makes the call.
    package var clock: any Clock
    /// The test that makes the call, on a copy: what rules decide there goes to no log.
    var watch: RunWatch?
    /// Whether a test makes the call, on a copy of the tenant's data: nothing of the tenant's may be answered or kept there.
    var isOnCopy: Bool { watch != nil }
    /// The media type of the body, in small letters, without parameters.
    package var contentType = ""
    /// The arguments of the script that answers, as the bytes that cross; nil where `Endpoint.prepare` did not make them.
    var scriptArguments: [UInt8]?
    private var connection: Connection?
    private var afterCommitWork: [@Sendable () -> Void] = []

    package init(
        endpoint: Endpoint, instance: Instance, tenant: Tenant?, revision: Revision?, principal: Principal,
        parameters: [String: String] = [:], query: [(name: String, value: String)] = [], body: Value = .null,
        bodyBytes: [UInt8] = [], idempotencyKey: String? = nil, ifMatch: String? = nil, requestID: String,
        remoteAddress: String = "", now: Instant
    ) {
        self.endpoint = endpoint
        self.instance = instance
        clock = instance.clock
        self.tenant = tenant
        self.revision = revision
        self.principal = principal
        self.parameters = parameters
        self.query = query
        self.body = body
        self.bodyBytes = bodyBytes
        self.idempotencyKey = idempotencyKey
        self.ifMatch = ifMatch
        self.requestID = requestID
        self.remoteAddress = remoteAddress
        self.now = now
    }

    /// Lends the connection for the length of `body`.
    package func with<T>(_ connection: Connection, _ body: () throws -> T) rethrows -> T {
        self.connection = connection
        defer { self.connection = nil }
        return try body()
    }

    /// For who serves the call, right before it is handled: a request that waited while a plugin's tables were changed so that
    /// its revision does not know them any more is not carried out by half, nor one that changes what only reads by now.
    /// - Throws: 503 `revision.retired`, 423 `tenant.read_only`.
    package func requireServed() throws(Problem) {
        try requireWritable()
        guard let tenant, let revision, !tenant.revisionSlot.serves(revision) else { return }
        throw Problem(
            503, "revision.retired", "A plugin was changed while the request waited. Send it again.", headers: [("Retry-After", "1")])
    }

    /// Has `work` done after the commit that holds this call's changes, before the call is answered: swapping what is kept in
    /// memory for what is now on disk. Not done when the call is refused or the commit fails. It must be quick and cannot fail.
    package func afterCommit(_ work: @escaping @Sendable () -> Void) {
        afterCommitWork.append(work)
    }

    /// For who serves the call: does what `afterCommit` was given, once.
    package func runAfterCommit() {
        let work = afterCommitWork
        afterCommitWork = []
        for item in work { item() }
    }

    /// The tenant's database, inside the call's own transaction. Only for endpoints that run as `.read` or `.write`.
    package var database: Connection {
        guard let connection else { preconditionFailure("\(endpoint.path) has no transaction of its own") }
        return connection
    }

    package func queryValue(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// A path parameter that is a row id.
    /// - Throws: 404 `request.not_found` when it is not a positive integer, as no such row can exist.
    package func id(_ name: String = "id") throws -> Int64 {
        guard let text = parameters[name], let id = Int64(text), id > 0, String(id) == text else {
            throw Problem(404, "request.not_found", "There is no \(name) “\(parameters[name] ?? "")” here.")
        }
        return id
    }
}

/// What answers a call.
package struct Reply: Sendable {
    package enum Body: Sendable {
        case none
        case json(Value)
        case bytes([UInt8], contentType: String)
        /// Sent piece by piece while it is made, inside the transaction of a `.read` endpoint; `put` waits for slow readers.
        /// An error after the first piece cuts the answer short, so that nobody takes half for the whole.
        case stream(contentType: String, write: @Sendable (_ call: Call, _ put: ([UInt8]) throws -> Void) throws -> Void)
    }

    package var status: Int
    package var body: Body
    package var headers: [(String, String)]

    package init(_ status: Int = 200, _ body: Value, headers: [(String, String)] = []) {
        self.status = status
        self.body = .json(body)
        self.headers = headers
    }

    package init(_ status: Int, bytes: [UInt8], contentType: String, headers: [(String, String)] = []) {
        self.status = status
        self.body = .bytes(bytes, contentType: contentType)
        self.headers = headers
    }

    package init(
        _ status: Int = 200, contentType: String, headers: [(String, String)] = [],
        stream: @escaping @Sendable (_ call: Call, _ put: ([UInt8]) throws -> Void) throws -> Void
    ) {
        self.status = status
        self.body = .stream(contentType: contentType, write: stream)
        self.headers = headers
    }

    package static let noContent = Reply(status: 204)

    private init(status: Int) {
        self.status = status
        body = .none
        headers = []
    }
}
