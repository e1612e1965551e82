import Core
import Scripting
import Storage

/// Reads and writes revisions, sources and packages in a tenant's database, and shares what tenants have in common.
package struct RevisionLibrary {
    let db: Connection

    package init(_ db: Connection) {
        self.db = db
    }

    // MARK: Sources

    private static let insertSource = SQL("INSERT INTO platform_sources (hash, source) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING")
    private static let selectSource = SQL("SELECT source FROM platform_sources WHERE hash = ?1")

    func keep(_ source: [UInt8]) throws -> String {
        let hash = Digest.hex(Digest.sha256(source))
        try db.run(Self.insertSource, hash, source)
        return hash
    }

    func source(_ hash: String) throws -> [UInt8] {
        guard let source = try db.first(Self.selectSource, hash, row: { $0.bytes(0) }) else {
            throw Problem(500, "revision.source_missing", "The source \(hash) is missing from the tenant's database. Restore it from a backup.")
        }
        return source
    }

    // MARK: Revisions

    /// What a revision consists of, as stored.
    package struct Contents {
        package var packages: [Int64] = []
        package var files: [(path: String, version: Int64)] = []

        init() {}

        init(_ text: String) throws {
            let value = try JSON.parse(Array(text.utf8), limits: JSONLimits(depth: 8, nodes: 100_000))
            packages = value["packages"]?.array?.compactMap { $0.int } ?? []
            files = (value["files"]?.object ?? Object()).compactMap { path, version in version.int.map { (path, $0) } }
        }

        var text: String {
            Value.object([
                "packages": .array(packages.map(Value.int)),
                "files": .object(Object(files.map { ($0.path, Value.int($0.version)) })),
            ]).description
        }
    }

    private static let selectCurrent = SQL(
        "SELECT r.id, r.contents FROM platform_current_revision c JOIN platform_revisions r ON r.id = c.revision_id")
    private static let selectVersion = SQL("""
        SELECT v.hash FROM platform_scripts s JOIN platform_script_versions v ON v.script_id = s.id AND v.version = ?2 WHERE s.path = ?1
        """)
    private static let insertRevision = SQL(
        "INSERT INTO platform_revisions (contents, reason, author_id, author, created_at) VALUES (?1, ?2, ?3, ?4, ?5)")
    private static let setCurrent = SQL("""
        INSERT INTO platform_current_revision (only_row, revision_id) VALUES (1, ?1)
        ON CONFLICT (only_row) DO UPDATE SET revision_id = excluded.revision_id
        """)

    package func currentContents() throws -> (id: Int64, contents: Contents) {
        let row = try db.first(Self.selectCurrent) { ($0.int(0), $0.text(1)) }
        guard let row else { return (0, Contents()) }
        return (row.0, try Contents(row.1))
    }

    /// Loads the revision in force. Compiles and checks only what no other tenant has in memory.
    package func current() throws -> Revision {
        let (id, contents) = try currentContents()
        return try revision(id: id, contents)
    }

    func revision(id: Int64, _ contents: Contents) throws -> Revision {
        let plugins = try plugins(contents.packages)
        let sets = try contents.files.map { path, version in
            try RuleSet(path: path, version: version, content: content(path, version: version, plugins))
        }
        return try Revision(id: id, plugins: plugins, ruleSets: sets)
    }

    /// The text of a version of a rule file.
    func source(_ path: String, version: Int64) throws -> [UInt8] {
        guard let hash = try db.first(Self.selectVersion, path, version, row: { $0.text(0) }) else {
            throw Problem(404, "script.version_unknown", "\(path) has no version \(version).")
        }
        return try source(hash)
    }

    func content(_ path: String, version: Int64, _ plugins: InstalledPlugins) throws -> RuleContent {
        guard let hash = try db.first(Self.selectVersion, path, version, row: { $0.text(0) }) else {
            throw Problem(404, "script.version_unknown", "\(path) has no version \(version).")
        }
        return try content(path, hash: hash, plugins)
    }

    func content(_ path: String, hash: String, _ plugins: InstalledPlugins) throws -> RuleContent {
        try Shared.contents.value(Shared.ContentKey(path: path, hash: hash, plugins: plugins.serial)) {
            try RuleContent(source: try source(hash), path: path, contracts: plugins.contracts)
        }
    }

    /// Stores a revision and makes it the current one. In force for requests when the caller publishes it after the commit.
    func store(_ contents: Contents, reason: String, authorID: Int64, author: String, now: Instant) throws -> Int64 {
        try db.run(Self.insertRevision, contents.text, reason, authorID, author, now.description)
        let id = db.lastInsertRowID
        try db.run(Self.setCurrent, id)
        return id
    }

    // MARK: Packages

    private static let selectFiles = SQL("SELECT path, hash FROM platform_package_files WHERE package_id = ?1 ORDER BY path")
    private static let selectHash = SQL("SELECT hash FROM platform_packages WHERE id = ?1")
    private static let selectPackage = SQL("SELECT id FROM platform_packages WHERE hash = ?1")
    private static let insertPackage = SQL(
        "INSERT INTO platform_packages (name, version, hash, installed_at, installed_by) VALUES (?1, ?2, ?3, ?4, ?5)")
    private static let insertFile = SQL("INSERT INTO platform_package_files (package_id, path, hash) VALUES (?1, ?2, ?3)")

    /// - Parameter ids: in the order of dependencies.
    func plugins(_ ids: [Int64]) throws -> InstalledPlugins {
        try plugins(try ids.map { id in reference(id, hash: try db.first(Self.selectHash, id) { $0.text(0) } ?? "") })
    }

    func files(of package: Int64) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for (path, hash) in try db.query(Self.selectFiles, package, row: { ($0.text(0), $0.text(1)) }) {
            files[path] = try source(hash)
        }
        return files
    }

    /// Keeps a package's files; answers its id, the same for the same files.
    func keep(_ package: PluginPackage, files: [String: [UInt8]], userID: Int64, now: Instant) throws -> Int64 {
        if let id = try db.first(Self.selectPackage, package.hash, row: { $0.int(0) }) { return id }
        try db.run(Self.insertPackage, package.name, package.manifest.version, package.hash, now.description, userID)
        let id = db.lastInsertRowID
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            try db.run(Self.insertFile, id, path, try keep(bytes))
        }
        return id
    }
}

/// What tenants have in common is kept once for the process, as long as one of them has it open.
enum Shared {
    struct ContentKey: Hashable {
        let path: String
        let hash: String
        let plugins: Int
    }

    static let contents = WeakCache<ContentKey, RuleContent>()
    static let plugins = WeakCache<String, InstalledPlugins>()
    private static let packages = WeakCache<String, PluginPackage>()

    static func package(_ hash: String, after others: [PluginPackage], files: () throws -> [String: [UInt8]]) throws -> PluginPackage {
        // A package compiled against other versions of what it depends on is another package.
        let key = ([hash] + others.map(\.hash)).joined(separator: " ")
        return try packages.value(key) { try PluginPackage(files: try files(), dependencies: others) }
    }
}
