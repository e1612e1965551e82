import Core
import Storage

/// What a tenant's plugins and gateways need to prove who they are, sealed under a key that is not in the database. Scripts
/// use secrets without seeing them; people set them and cannot read them again.
package struct Secrets {
    let db: Connection
    let tenant: Tenant

    package init(_ db: Connection, _ tenant: Tenant) {
        self.db = db
        self.tenant = tenant
    }

    /// The kernel's own.
    package static let mailPassword = "mail.password"
    package static let messageToken = "message.token"
    package static let kernel = [mailPassword, messageToken]

    private static let select = SQL("SELECT sealed FROM platform_secrets WHERE name = ?1")
    private static let selectAll = SQL("SELECT name, updated_at, updated_by FROM platform_secrets ORDER BY name")
    private static let upsert = SQL("""
        INSERT INTO platform_secrets (name, sealed, updated_at, updated_by) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at, updated_by = excluded.updated_by
        """)
    private static let delete = SQL("DELETE FROM platform_secrets WHERE name = ?1")

    static func context(_ name: String) -> String { "secret:\(name)" }

    /// nil where none is set.
    /// - Throws: 503 `secret.unreadable` where it was sealed under another key, as after a restore on another machine.
    func open(_ name: String) throws -> String? {
        guard let sealed = try db.first(Self.select, name, row: { $0.bytes(0) }) else { return nil }
        do throws(CryptoError) {
            return try tenant.box.openText(sealed, context: Self.context(name))
        } catch {
            throw Problem(503, "secret.unreadable", "The secret \(name) was sealed under another key. Set it again.")
        }
    }

    package func set(_ name: String, _ secret: String, actor: ActingUser) throws {
        try db.run(Self.upsert, name, try tenant.box.seal(secret, context: Self.context(name)), actor.at, actor.name)
        try Audit.append(db, actor, "secret.set", object: ("secret", name))
    }

    /// - Throws: 404 `secret.not_found`.
    package func remove(_ name: String, actor: ActingUser) throws {
        try db.run(Self.delete, name)
        guard db.changes > 0 else { throw Self.notFound(name) }
        try Audit.append(db, actor, "secret.removed", object: ("secret", name))
    }

    package func list() throws -> [String: (updatedAt: String, updatedBy: String)] {
        var found: [String: (String, String)] = [:]
        for row in try db.query(Self.selectAll, row: { ($0.text(0), $0.text(1), $0.text(2)) }) { found[row.0] = (row.1, row.2) }
        return found
    }

    static func notFound(_ name: String) -> Problem { Problem(404, "secret.not_found", "There is no secret \(name).") }
}

/// `/api/secrets`: which secrets there are; setting and removing them. None is ever shown.
package enum SecretEndpoints {
    package static let all: [Endpoint] = [
        Endpoint(
            .get, "/api/secrets", access: .permission("secrets.edit"), execution: .read,
            documentation: .init(
                "List the secrets that the kernel and the plugins use, and whether they are set", tag: "Secrets",
                replies: [.init(200, "By name", Page.schema(of: .object(members)))])
        ) { call in
            let set = try Secrets(call.database, try tenant(call)).list()
            let names = Set(known(call)).union(set.keys).sorted()
            return Reply(200, ["items": .array(names.map { describe($0, set[$0]) }), "next_cursor": .null])
        },
        Endpoint(
            .put, "/api/secrets/{name}", access: .permission("secrets.edit"), execution: .write, idempotency: Endpoint.Idempotency.none,
            documentation: .init(
                "Set a secret; nobody can read it again", tag: "Secrets", pathParameters: [parameter],
                input: .object([.init("value", .string(minLength: 1, maxLength: 10_000), required: true)]),
                replies: [.init(200, "Set", .object(members))])
        ) { call in
            let name = call.parameters["name"] ?? ""
            guard known(call).contains(name) else {
                throw Problem(404, "secret.unknown", "No plugin asks for a secret “\(name)”; there are \(known(call).joined(separator: ", ")).")
            }
            let secrets = Secrets(call.database, try tenant(call))
            try secrets.set(name, call.body["value"]?.string ?? "", actor: call.actingUser)
            return Reply(200, describe(name, try secrets.list()[name]))
        },
        Endpoint(
            .delete, "/api/secrets/{name}", access: .permission("secrets.edit"), execution: .write,
            documentation: .init("Remove a secret", tag: "Secrets", pathParameters: [parameter], replies: [.init(204, "Removed")])
        ) { call in
            try Secrets(call.database, try tenant(call)).remove(call.parameters["name"] ?? "", actor: call.actingUser)
            return .noContent
        },
    ]

    private static let parameter = Endpoint.Documentation.Parameter("name", .string(), "PLUGIN.NAME, or mail.password.")

    private static let members: [Schema.Member] = [
        .init("name", .string(), required: true), .init("set", .boolean, required: true), .init("updated_at", .nullable(.instant), required: true),
        .init("updated_by", .nullable(.string()), required: true),
    ]

    private static func tenant(_ call: Call) throws -> Tenant {
        guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "Secrets belong to a tenant.") }
        return tenant
    }

    private static func known(_ call: Call) -> [String] {
        Secrets.kernel + (call.revision?.plugins.packages ?? []).flatMap { package in package.manifest.secrets.map { "\(package.name).\($0)" } }
    }

    private static func describe(_ name: String, _ row: (updatedAt: String, updatedBy: String)?) -> Value {
        [
            "name": .string(name), "set": .bool(row != nil), "updated_at": row.map { .string($0.updatedAt) } ?? .null,
            "updated_by": row.map { .string($0.updatedBy) } ?? .null,
        ]
    }
}
