import Core
import Scripting
import Storage

/// Plugins under work: what an author saved last, and what came of trying it. Nothing of it is in force; what it takes to install
/// one is told by `PluginInstallation.Offer.Origin.draft`.
struct PluginDrafts {
    /// Of the tenant: drafts that no known key signed can be installed.
    static let setting = "plugins.unsigned_drafts"

    let db: Connection

    init(_ db: Connection) {
        self.db = db
    }

    static let migrations = [
        Migration(
            room: "plugin_drafts", number: 1, name: "plugins under work",
            sql: """
                CREATE TABLE platform_plugin_drafts (
                  plugin   TEXT PRIMARY KEY,
                  version  TEXT NOT NULL,
                  digest   TEXT NOT NULL,
                  bytes    BLOB NOT NULL,
                  -- JSON: how the last trial went; NULL until there was one
                  report   TEXT,
                  saved_at TEXT NOT NULL,
                  saved_by TEXT NOT NULL
                ) STRICT;
                """)
    ]

    /// The newest; one for each plugin.
    private static let most: Int64 = 20
    private static let upsert = SQL("""
        INSERT INTO platform_plugin_drafts (plugin, version, digest, bytes, saved_at, saved_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (plugin) DO UPDATE SET version = excluded.version, digest = excluded.digest, bytes = excluded.bytes, report = NULL,
          saved_at = excluded.saved_at, saved_by = excluded.saved_by
        """)
    private static let deleteSurplus = SQL(
        "DELETE FROM platform_plugin_drafts WHERE plugin NOT IN (SELECT plugin FROM platform_plugin_drafts ORDER BY saved_at DESC, plugin LIMIT ?1)")
    private static let columns = "plugin, version, digest, length(bytes), report, saved_at, saved_by"
    private static let selectAll = SQL("SELECT \(columns) FROM platform_plugin_drafts ORDER BY plugin")
    private static let select = SQL("SELECT \(columns) FROM platform_plugin_drafts WHERE plugin = ?1")
    private static let selectBytes = SQL("SELECT bytes FROM platform_plugin_drafts WHERE plugin = ?1")
    private static let setReport = SQL("UPDATE platform_plugin_drafts SET report = ?3 WHERE plugin = ?1 AND digest = ?2")
    private static let delete = SQL("DELETE FROM platform_plugin_drafts WHERE plugin = ?1")

    func keep(_ archive: PluginArchive, bytes: [UInt8], _ actor: ActingUser) throws {
        try db.run(Self.upsert, archive.name, archive.version, archive.digest, bytes, actor.at, actor.name)
        try db.run(Self.deleteSurplus, Self.most)
    }

    func list() throws -> [Value] { try db.query(Self.selectAll) { try Self.describe($0) } }

    /// - Throws: 404 `plugin.no_draft`.
    func get(_ name: String) throws -> Value {
        guard let row = try db.first(Self.select, name, row: { try Self.describe($0) }) else { throw Self.none(name) }
        return row
    }

    func archive(_ name: String) throws -> PluginArchive {
        guard let bytes = try db.first(Self.selectBytes, name, row: { $0.bytes(0) }) else { throw Self.none(name) }
        return try PluginArchive(bytes)
    }

    /// Unless another was saved meanwhile.
    func note(_ report: Value, of archive: PluginArchive) throws {
        try db.run(Self.setReport, archive.name, archive.digest, String(decoding: JSON.serialize(report), as: UTF8.self))
    }

    func discard(_ name: String) throws {
        try db.run(Self.delete, name)
        guard db.changes > 0 else { throw Self.none(name) }
    }

    private static func none(_ name: String) -> Problem { Problem(404, "plugin.no_draft", "There is no draft of a plugin \(name.prefix(80)).") }

    private static func describe(_ row: Row) throws -> Value {
        [
            "plugin": .string(row.text(0)), "version": .string(row.text(1)), "digest": .string(row.text(2)), "size": .int(row.int(3)),
            "report": try row.optionalText(4).map { try JSON.parse($0, limits: .stored) } ?? .null, "saved_at": .string(row.text(5)),
            "saved_by": .string(row.text(6)),
        ]
    }
}

/// `/api/plugin-drafts`: what an author saves and tries, seen by who looks at the console meanwhile.
enum PluginDraftEndpoints {
    static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/api/plugin-drafts", access: .permission("scripts.view"), execution: .read,
            documentation: .init(
                "List the plugins under work, and how their last trial went", tag: "Plugins", replies: [.init(200, "By name", Page.schema(of: .object(members)))])
        ) { call in Reply(200, ["items": .array(try PluginDrafts(call.database).list()), "next_cursor": .null]) },
        Endpoint(
            .get, "/api/plugin-drafts/{name}", access: .permission("scripts.view"), execution: .read,
            documentation: .init(
                "Read a plugin under work: its files and how its last trial went", tag: "Plugins", pathParameters: [name],
                replies: [
                    .init(
                        200, "The draft",
                        .object(members + [.init("files", .array(.object([.init("path", .string(), required: true), .init("size", .integer(minimum: 0), required: true)])), required: true)]))
                ])
        ) { call in
            let drafts = PluginDrafts(call.database)
            let plugin = call.parameters["name"] ?? ""
            var draft = try drafts.get(plugin).object ?? Object()
            draft["files"] = .array(
                try drafts.archive(plugin).files.sorted { $0.key < $1.key }.map { ["path": .string($0.key), "size": .int(Int64($0.value.count))] })
            return Reply(200, .object(draft))
        },
        Endpoint(
            .put, "/api/plugin-drafts/{name}", access: .permission("scripts.publish"), execution: .worker, idempotency: Endpoint.Idempotency.none,
            bodyLimit: PluginArchive.mostBytes, accepts: .bytes(["application/gzip", "application/octet-stream"]),
            documentation: .init(
                "Save a plugin under work, in place of what was saved before; any key may sign it", tag: "Plugins", pathParameters: [name],
                replies: [.init(200, "Saved", .object(members))])
        ) { call in
            let work = try PluginWork(call)
            let archive = try PluginArchive(call.bodyBytes)
            guard archive.name == call.parameters["name"] else {
                throw Problem(422, "plugin.other_name", "The archive is that of the plugin \(archive.name).")
            }
            let bytes = call.bodyBytes, actor = call.actingUser
            return Reply(
                200,
                try work.tenant.store.write { db in
                    try work.tenant.requireWritable()
                    try PluginDrafts(db).keep(archive, bytes: bytes, actor)
                    return try PluginDrafts(db).get(archive.name)
                })
        },
        Endpoint(
            .post, "/api/plugin-drafts/{name}/test", access: .permission("scripts.publish"), execution: .worker, idempotency: Endpoint.Idempotency.none,
            documentation: .init(
                "Install a plugin under work on a copy of the data and run its tests there; nothing changes", tag: "Plugins", pathParameters: [name],
                input: .object([.init("tests", .nullable(.array(.string(maxLength: 200), maxItems: 1_000)), "Only these files: tests/….lua.")]),
                replies: [.init(200, "How it went", .object([.init("plan", .any, required: true), .init("trial", .any, required: true)]))])
        ) { call in
            let work = try PluginWork(call)
            let plugin = call.parameters["name"] ?? ""
            let archive = try work.tenant.store.read { db in try PluginDrafts(db).archive(plugin) }
            let tests = call.body["tests"]?.array.map { Set($0.compactMap(\.string)) }
            func note(_ report: Value) throws { try work.tenant.store.write { db in try PluginDrafts(db).note(report, of: archive) } }
            do {
                let result = try work.rehearse(try work.offer(archive).onTrial, tests: tests)
                try note(["ok": true, "trial": result.trial])
                return Reply(200, ["plan": result.plan.value, "trial": result.trial])
            } catch let error as any ProblemConvertible where error.problem.status < 500 {
                let problem = error.problem
                var report: Object = ["ok": false, "code": .string(problem.code), "detail": .string(problem.detail)]
                for (key, value) in problem.extra { report[key] = value }
                try note(.object(report))
                throw problem
            }
        },
        Endpoint(
            .delete, "/api/plugin-drafts/{name}", access: .permission("scripts.publish"), execution: .write,
            documentation: .init("Discard a plugin under work", tag: "Plugins", pathParameters: [name], replies: [.init(204, "Discarded")])
        ) { call in
            try PluginDrafts(call.database).discard(call.parameters["name"] ?? "")
            return .noContent
        },
    ]

    private static let name = Endpoint.Documentation.Parameter("name", .string(maxLength: 80), "The plugin.")

    private static let members: [Schema.Member] = [
        .init("plugin", .string(), required: true), .init("version", .string(), required: true), .init("digest", .string(), required: true),
        .init("size", .integer(minimum: 0), required: true),
        .init("report", .any, required: true, "ok, and trial or code, detail, tests, findings; nothing until it was tried."),
        .init("saved_at", .instant, required: true), .init("saved_by", .string(), required: true),
    ]
}
