import Core
import Storage

/// What a tenant knows of its plugins beside their packages: publishers' keys, archives that wait, what happened, what is gone.
struct PluginRegister {
    let db: Connection

    init(_ db: Connection) {
        self.db = db
    }

    // MARK: Publishers

    struct Publisher: Sendable {
        let name: String
        let key: VerifyingKey
        let pinnedAt: String
    }

    private static let selectKey = SQL("SELECT key FROM platform_publisher_keys WHERE publisher = ?1")
    private static let selectKeys = SQL("SELECT publisher, key, pinned_at FROM platform_publisher_keys ORDER BY publisher")
    private static let upsertKey = SQL("""
        INSERT INTO platform_publisher_keys (publisher, key, pinned_at, pinned_by) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (publisher) DO UPDATE SET key = excluded.key, pinned_at = excluded.pinned_at, pinned_by = excluded.pinned_by
        """)
    private static let deleteKey = SQL("DELETE FROM platform_publisher_keys WHERE publisher = ?1")

    func key(of publisher: String) throws -> VerifyingKey? {
        try db.first(Self.selectKey, publisher) { try VerifyingKey(rawBytes: $0.bytes(0)) }
    }

    func publishers() throws -> [Publisher] {
        try db.query(Self.selectKeys) { Publisher(name: $0.text(0), key: try VerifyingKey(rawBytes: $0.bytes(1)), pinnedAt: $0.text(2)) }
    }

    func pin(_ key: VerifyingKey, of publisher: String, _ actor: ActingUser) throws {
        try db.run(Self.upsertKey, publisher, key.rawBytes, actor.at, actor.id)
    }

    func forget(_ publisher: String) throws { try db.run(Self.deleteKey, publisher) }

    // MARK: Archives that wait

    /// How long an archive waits for consent.
    static let waitingSeconds: Int64 = 86_400
    /// How many wait at most; a further one takes the place of the oldest.
    static let mostWaiting = 8

    private static let insertArchive = SQL("""
        INSERT INTO platform_plugin_archives (digest, name, version, publisher, bytes, uploaded_at, uploaded_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (digest) DO UPDATE SET uploaded_at = excluded.uploaded_at
        """)
    private static let selectArchive = SQL("SELECT bytes FROM platform_plugin_archives WHERE digest = ?1")
    private static let selectArchives = SQL(
        "SELECT digest, name, version, publisher, length(bytes), uploaded_at FROM platform_plugin_archives ORDER BY uploaded_at, digest")
    private static let deleteArchive = SQL("DELETE FROM platform_plugin_archives WHERE digest = ?1")
    private static let deleteOldArchives = SQL("DELETE FROM platform_plugin_archives WHERE uploaded_at < ?1")
    private static let deleteSurplusArchives = SQL("""
        DELETE FROM platform_plugin_archives WHERE digest NOT IN
        (SELECT digest FROM platform_plugin_archives ORDER BY uploaded_at DESC, digest LIMIT ?1)
        """)

    func keep(_ archive: PluginArchive, bytes: [UInt8], _ actor: ActingUser) throws {
        try db.run(
            Self.insertArchive, archive.digest, archive.name, archive.version, archive.publisher, bytes, actor.at, actor.id)
        try db.run(Self.deleteOldArchives, actor.at.adding(seconds: -Self.waitingSeconds))
        try db.run(Self.deleteSurplusArchives, Self.mostWaiting)
    }

    /// - Throws: 404 `plugin.archive_unknown`.
    func archive(_ digest: String) throws -> PluginArchive {
        guard let bytes = try db.first(Self.selectArchive, digest, row: { $0.bytes(0) }) else {
            throw Problem(404, "plugin.archive_unknown", "There is no archive \(digest.prefix(80)) here: upload it, an archive waits a day.")
        }
        return try PluginArchive(bytes)
    }

    func archives() throws -> [Value] {
        try db.query(Self.selectArchives) { row in
            [
                "digest": .string(row.text(0)), "name": .string(row.text(1)), "version": .string(row.text(2)),
                "publisher": .string(row.text(3)), "size": .int(row.int(4)), "uploaded_at": .string(row.text(5)),
            ]
        }
    }

    func discard(_ digest: String) throws { try db.run(Self.deleteArchive, digest) }

    // MARK: What happened

    struct Event: Sendable {
        var plugin: String
        var action: String
        var packageID: Int64?
        var formerPackageID: Int64?
        var archiveDigest: String?
        var migrations: [String] = []
        var destructive: [String] = []
        var consents: [String] = []
    }

    private static let insertEvent = SQL("""
        INSERT INTO platform_plugin_events
          (plugin, action, package_id, former_package_id, archive_digest, migrations, destructive, consents, author_id, author, at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        """)
    private static let selectArrival = SQL("""
        SELECT former_package_id, destructive FROM platform_plugin_events
        WHERE plugin = ?1 AND package_id = ?2 AND action IN ('installed', 'upgraded') ORDER BY id DESC LIMIT 1
        """)
    private static let selectEvents = SQL("""
        SELECT e.action, p.version, f.version, e.archive_digest, e.migrations, e.consents, e.author, e.at FROM platform_plugin_events e
        LEFT JOIN platform_packages p ON p.id = e.package_id LEFT JOIN platform_packages f ON f.id = e.former_package_id
        WHERE e.plugin = ?1 ORDER BY e.id DESC LIMIT 100
        """)

    func record(_ event: Event, _ actor: ActingUser) throws {
        func text(_ list: [String]) -> String { Value.array(list.map(Value.string)).description }
        try db.run(
            Self.insertEvent, event.plugin, event.action, event.packageID, event.formerPackageID, event.archiveDigest,
            text(event.migrations), text(event.destructive), text(event.consents), actor.id, actor.name, actor.at)
    }

    /// How a package came: what it took the place of, and the migration files whose work no older version can live with.
    func arrival(of packageID: Int64, _ plugin: String) throws -> (former: Int64?, destructive: [String])? {
        try db.first(Self.selectArrival, plugin, packageID) { row in
            (row.optionalInt(0), try JSON.parse(row.text(1)).array?.compactMap(\.string) ?? [])
        }
    }

    /// Newest first.
    func history(of plugin: String) throws -> [Value] {
        try db.query(Self.selectEvents, plugin) { row in
            [
                "action": .string(row.text(0)), "version": row.value(1), "former_version": row.value(2), "archive": row.value(3),
                "migrations": try JSON.parse(row.text(4)), "consents": try JSON.parse(row.text(5)), "author": .string(row.text(6)),
                "at": .string(row.text(7)),
            ]
        }
    }

    // MARK: What is gone

    struct Removed: Sendable {
        let plugin: String
        let packageID: Int64
        /// Rule files that were in force.
        let files: [(path: String, version: Int64)]
        let tables: [String]
        let removedAt: String
    }

    private static let upsertRemoved = SQL("""
        INSERT INTO platform_removed_plugins (plugin, package_id, files, tables, removed_at, removed_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        """)
    private static let selectRemoved = SQL("SELECT plugin, package_id, files, tables, removed_at FROM platform_removed_plugins ORDER BY plugin")
    private static let deleteRemoved = SQL("DELETE FROM platform_removed_plugins WHERE plugin = ?1")

    func bury(
        _ plugin: String, packageID: Int64, files: [(path: String, version: Int64)], tables: [String], _ actor: ActingUser
    ) throws {
        let text = Value.object(Object(files.map { ($0.path, Value.int($0.version)) })).description
        try db.run(Self.upsertRemoved, plugin, packageID, text, Value.array(tables.map(Value.string)).description, actor.at, actor.id)
    }

    func removed() throws -> [Removed] {
        try db.query(Self.selectRemoved) { row in
            let files = try JSON.parse(row.text(2)).object ?? Object()
            return Removed(
                plugin: row.text(0), packageID: row.int(1), files: files.compactMap { path, version in version.int.map { (path, $0) } },
                tables: try JSON.parse(row.text(3)).array?.compactMap(\.string) ?? [], removedAt: row.text(4))
        }
    }

    func removed(_ plugin: String) throws -> Removed? { try removed().first { $0.plugin == plugin } }

    func exhume(_ plugin: String) throws { try db.run(Self.deleteRemoved, plugin) }

    // MARK: Migrations

    private static let selectMigrations = SQL("SELECT number, hash FROM platform_plugin_migrations WHERE plugin = ?1")
    private static let insertMigration = SQL(
        "INSERT INTO platform_plugin_migrations (plugin, number, file, hash, applied_at) VALUES (?1, ?2, ?3, ?4, ?5)")
    private static let deleteMigrations = SQL("DELETE FROM platform_plugin_migrations WHERE plugin = ?1 AND number > ?2")

    /// Number to hash.
    func appliedMigrations(of plugin: String) throws -> [Int: String] {
        Dictionary(try db.query(Self.selectMigrations, plugin) { (Int($0.int(0)), $0.text(1)) }, uniquingKeysWith: { $1 })
    }

    func note(_ file: MigrationFile, _ actor: ActingUser) throws {
        try db.run(Self.insertMigration, file.plugin, file.number, file.file, file.hash, actor.at)
    }

    /// After a rollback: those of the newer version may run again.
    func forgetMigrations(of plugin: String, above number: Int) throws { try db.run(Self.deleteMigrations, plugin, number) }
}
