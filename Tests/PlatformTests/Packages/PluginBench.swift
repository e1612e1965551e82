import Core
import Platform
import Scripting
import Storage
import Testing

/// Plugins as texts, and a tenant to put them into.
struct PluginBench: Sendable {
    let house: TestHouse
    let key: SigningKey

    init() throws {
        house = try TestHouse()
        key = try SigningKey(rawBytes: [UInt8](repeating: 7, count: 32))
    }

    var work: PluginWork { PluginWork(house.instance, house.acme, house.actor) }

    static func manifest(_ version: String, name: String = "rental", publisher: String = "rentals.example", more: String = "") -> String {
        """
        return { name = "\(name)", version = "\(version)", title = "Rental", publisher = "\(publisher)", license = "MIT",
          api = "2026.1", kernel = ">=0.1 <2",
          permissions = { { "\(name).view", title = "See" }, { "\(name).edit", title = "Change" } },
          roles = { manager = { "\(name).view", "\(name).edit" } },
          \(more) }
        """
    }

    static func asset(_ fields: String, name: String = "rental", more: String = "") -> String {
        """
        return { type = "\(name).asset", title = "Asset", path = "\(name)-assets",
          permissions = { read = "\(name).view", write = "\(name).edit" }, \(more)
          fields = { \(fields) } }
        """
    }

    static let fields = """
        { "label", "text", required = true, max = 60 },
        { "colour", "text" },
        { "rate", "money", required = true, min = 0 },
        { "state", "enum", values = { "FREE", "OUT" }, default = "FREE" },
        """

    /// The rental plugin in a version, with other files than usual.
    static func rental(_ version: String = "1.0.0", fields: String = fields, manifest more: String = "", _ others: [String: String] = [:]) -> [String: [UInt8]] {
        var files = ["plugin.lua": manifest(version, more: more), "records/asset.lua": asset(fields)]
        for (path, text) in others { files[path] = text }
        return files.mapValues { Array($0.utf8) }
    }

    static func rental(_ others: [String: String]) -> [String: [UInt8]] { rental("1.0.0", others) }

    static func files(_ texts: [String: String]) -> [String: [UInt8]] { texts.mapValues { Array($0.utf8) } }

    func archive(_ files: [String: [UInt8]], key: SigningKey? = nil) throws -> PluginArchive {
        let key = key ?? self.key
        return try ScriptThread.run { try PluginArchive(try PluginArchive.pack(files, key: key)) }
    }

    /// Plans, agrees with everything but what is withheld, and installs.
    @discardableResult
    func install(
        _ files: [String: [UInt8]], key: SigningKey? = nil, withholding: Set<InstallationPlan.Consent> = []
    ) throws -> PluginWork.Result {
        let work = work
        let offer = try work.offer(try archive(files, key: key))
        return try ScriptThread.run {
            let plan = try work.plan(offer)
            return try work.install(offer, plan: plan.digest, consents: Set(InstallationPlan.Consent.allCases).subtracting(withholding))
        }
    }

    /// Installs what the check would refuse, to see that each call holds it too.
    func installUnchecked(_ files: [String: [UInt8]], key: SigningKey? = nil) throws {
        let offer = try work.offer(try archive(files, key: key))
        let tenant = house.acme, actor = house.actor, clock = house.clock
        let revision = try tenant.store.write { db in
            let installation = PluginInstallation(db, tenant: tenant, actor: actor, clock: clock)
            return try installation.apply(try installation.prepare(offer), consents: Set(InstallationPlan.Consent.allCases))
        }
        tenant.revisionSlot.publish(revision)
    }

    func plan(_ files: [String: [UInt8]], key: SigningKey? = nil) throws -> InstallationPlan {
        let work = work
        let offer = try work.offer(try archive(files, key: key))
        return try ScriptThread.run { try work.plan(offer) }
    }

    func refusal(_ body: () throws -> Void) -> Problem? {
        do {
            try body()
            return nil
        } catch {
            return (error as? any ProblemConvertible)?.problem ?? Problem(500, "test.other", "\(error)")
        }
    }

    /// Everything that the tenant's database holds, table by table.
    func dump() throws -> [String] {
        try house.acme.store.read { db in
            var lines: [String] = []
            let tables = try db.query(SQL("SELECT name, sql FROM sqlite_schema ORDER BY type, name")) { ($0.text(0), $0.text(1)) }
            for (name, sql) in tables {
                lines.append("\(name): \(sql)")
                guard sql.hasPrefix("CREATE TABLE") else { continue }
                var rows: [String] = []
                try db.each(SQL("SELECT * FROM \"\(name)\"")) { row in
                    rows.append("\(name) \(Value.object(row.object))")
                    return true
                }
                lines += rows.sorted()
            }
            return lines
        }
    }

    // MARK: Asking what is installed

    static let admin = Principal(kind: .user, userID: 1, username: "admin", permissions: ["*"])

    func call(_ method: Endpoint.Method, _ path: String, _ body: Value = [:], as principal: Principal = admin) throws -> Reply {
        let tenant = house.acme
        let revision = try tenant.revisionSlot.current ?? tenant.revisionSlot.fill(
            ScriptThread.run { try tenant.store.read { db in try RevisionLibrary(db).current() } })
        guard case .found(let endpoint, let parameters) = revision.router.match(method, path) else {
            throw Problem(404, "test.no_route", "\(method.rawValue) \(path)")
        }
        try Authorization.check(principal, endpoint)
        let body = try endpoint.documentation.input?.read(body, currency: tenant.currency) ?? body
        nonisolated(unsafe) let call = Call(
            endpoint: endpoint, instance: house.instance, tenant: tenant, revision: revision, principal: principal,
            parameters: parameters, body: body, requestID: "r1", now: house.now)
        let store = tenant.store
        if endpoint.execution == .read {
            return try ScriptThread.run { try store.read { db in try call.with(db) { try endpoint.handle(call) } } }
        }
        let reply = try store.write { db in try call.with(db) { try endpoint.handle(call) } }
        call.runAfterCommit()
        return reply
    }

    @discardableResult
    func asset(_ label: String, rate: Int64 = 500, more: Object = [:]) throws -> Int64 {
        var body: Object = ["label": .string(label), "rate": .int(rate)]
        for (key, value) in more { body[key] = value }
        return try #require(try call(.post, "/api/rental-assets", .object(body)).value["id"]?.int)
    }
}
