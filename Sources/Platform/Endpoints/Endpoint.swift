import Core
import Storage

/// One thing that can be asked of Kontor: a method and a path, who may ask, where it runs, and what answers.
///
/// Kernel endpoints are written in Swift, plugin routes and the REST of record types are made from their declarations; all
/// of them are values of this type, so that routing, permissions, rate limits, idempotency and the OpenAPI document know
/// one kind of thing only.
package struct Endpoint: Sendable {
    package enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// Who may call it. Checked in one place, before the handler runs.
    package enum Access: Sendable, Equatable {
        /// No log-in needed.
        case anyone
        /// Any user or token of the tenant.
        case signedIn
        /// A user or token of the tenant that holds this permission.
        case permission(String)
        /// The operator of the installation, on the operator's host or socket; there is no tenant.
        case `operator`
    }

    /// Where the handler runs.
    package enum Execution: Sendable, Equatable {
        /// On the connection's own thread; it must not wait for anything.
        case inline
        /// On a reading thread, inside a read transaction begun after the request arrived.
        case read
        /// In a turn of the tenant's lane, inside a savepoint of its own; answered after the commit.
        case write
        /// On a worker thread without a transaction (`call.database` traps): password hashing, backup, calls to the outside.
        case worker
    }

    /// Whether an `Idempotency-Key` is looked at (writes only).
    package enum Idempotency: Sendable, Equatable {
        case none
        case accepted
        case required
    }

    /// What a request's body may be. A body of another type is 415.
    package enum Accepts: Sendable, Equatable {
        /// `call.body` is parsed, and read through `documentation.input` where there is one. No body is an empty object then.
        case json
        /// `call.bodyBytes` as they came, of one of these media types.
        case bytes([String])
    }

    /// Of `accepts`: a body of any media type.
    package static let anyType = "*/*"

    package var method: Method
    package var path: PathTemplate
    package var access: Access
    package var execution: Execution
    package var idempotency: Idempotency
    package var rateClass: RateClass
    /// Largest body taken, in bytes.
    package var bodyLimit: Int
    package var accepts: Accepts
    package var documentation: Documentation
    package var handle: @Sendable (Call) throws -> Reply
    /// What of the work needs no database: done before the call waits for its turn on the lane, on the thread that admitted
    /// it. It must not wait, it refuses nothing, and `handle` does without it where it was not done.
    package var prepare: (@Sendable (Call) -> Void)?

    package init(
        _ method: Method, _ path: PathTemplate, access: Access, execution: Execution,
        idempotency: Idempotency? = nil, rateClass: RateClass = .standard, bodyLimit: Int = 1 << 20,
        accepts: Accepts = .json, documentation: Documentation, handle: @escaping @Sendable (Call) throws -> Reply
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.execution = execution
        self.idempotency = idempotency ?? (execution == .write ? .accepted : .none)
        self.rateClass = rateClass
        self.bodyLimit = bodyLimit
        self.accepts = accepts
        self.documentation = documentation
        self.handle = handle
    }
}

/// The class of a rate limit: how often one caller may ask endpoints of this class. Tenants may override the figures.
package enum RateClass: String, Sendable, CaseIterable {
    /// 100 a minute.
    case standard
    /// 10 a minute.
    case analytics
    /// 1 in 5 minutes.
    case trigger
    /// Not limited: health, static pages, the operator.
    case unlimited
}

extension Endpoint {
    /// What the OpenAPI document says about an endpoint.
    package struct Documentation: Sendable {
        /// A sentence in the imperative: "Post a journal entry".
        package var summary: String
        /// Groups endpoints: "Ledger", or a plugin's name.
        package var tag: String
        package var query: [Parameter]
        /// The path's parameters; those not named here are strings.
        package var pathParameters: [Parameter]
        package var input: Schema?
        package var replies: [Reply]

        package struct Parameter: Sendable {
            package var name: String
            package var schema: Schema
            package var summary: String
            package init(_ name: String, _ schema: Schema, _ summary: String) {
                self.name = name
                self.schema = schema
                self.summary = summary
            }
        }

        package struct Reply: Sendable {
            package var status: Int
            package var summary: String
            package var schema: Schema?
            package var contentType: String
            package init(_ status: Int, _ summary: String, _ schema: Schema? = nil, contentType: String = "application/json") {
                self.status = status
                self.summary = summary
                self.schema = schema
                self.contentType = contentType
            }
        }

        package init(
            _ summary: String, tag: String, query: [Parameter] = [], pathParameters: [Parameter] = [],
            input: Schema? = nil, replies: [Reply] = []
        ) {
            self.summary = summary
            self.tag = tag
            self.query = query
            self.pathParameters = pathParameters
            self.input = input
            self.replies = replies
        }
    }
}
