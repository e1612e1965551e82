import Core
import Scripting
import Storage

/// The rule files of a tenant: their versions and drafts, and how a draft becomes what runs.
package struct Scripts {
    let db: Connection
    let library: RevisionLibrary
    let revision: Revision
    let currency: Currency
    let country: String

    package struct Author: Sendable {
        let id: Int64
        let name: String

        package init(id: Int64, name: String) {
            self.id = id
            self.name = name
        }
    }

    /// - Parameters:
    ///   - currency: the tenant's, in which rules name amounts.
    ///   - country: the tenant's, by which its tax profile is chosen.
    package init(_ db: Connection, revision: Revision, currency: Currency, country: String) {
        self.db = db
        self.currency = currency
        self.country = country
        library = RevisionLibrary(db)
        self.revision = revision
    }

    // MARK: Reading

    private static let selectAll = SQL("""
        SELECT s.path, (SELECT max(version) FROM platform_script_versions v WHERE v.script_id = s.id), d.updated_at, d.author
        FROM platform_scripts s LEFT JOIN platform_script_drafts d ON d.script_id = s.id ORDER BY s.path
        """)
    private static let selectVersions = SQL("""
        SELECT v.version, v.hash, v.message, v.author, v.created_at FROM platform_scripts s
        JOIN platform_script_versions v ON v.script_id = s.id WHERE s.path = ?1 ORDER BY v.version DESC
        """)
    private static let selectDraft = SQL("""
        SELECT d.hash, d.base_version, d.message, d.author, d.updated_at FROM platform_scripts s
        JOIN platform_script_drafts d ON d.script_id = s.id WHERE s.path = ?1
        """)
    private static let selectScript = SQL("SELECT id FROM platform_scripts WHERE path = ?1")

    package func list() throws -> [Value] {
        let (_, contents) = try library.currentContents()
        let versions = Dictionary(contents.files.map { ($0.path, $0.version) }, uniquingKeysWith: { $1 })
        return try db.query(Self.selectAll) { row in
            let path = row.text(0)
            let set = ruleSet(path)
            let published = try versions[path].flatMap { try version(path, $0) }
            return [
                "path": .string(path), "version": versions[path].map(Value.int) ?? .null,
                "latest_version": row.optionalInt(1).map(Value.int) ?? .null,
                "contract": set.map { .string($0.contract.id) } ?? .null, "key": set.map { .string($0.key) } ?? .null,
                "title": set.map { .string($0.content.title) } ?? .null,
                "published_at": published.map { .string($0.createdAt) } ?? .null,
                "published_by": published.map { .string($0.author) } ?? .null, "has_draft": .bool(!row.isNull(2)),
                "draft_updated_at": row.optionalText(2).map(Value.string) ?? .null,
                "draft_author": row.optionalText(3).map(Value.string) ?? .null,
            ]
        }
    }

    /// The version in force, with its source and the draft beside it.
    package func get(_ path: String) throws -> Value {
        let id = try script(path)
        let (_, contents) = try library.currentContents()
        let version = contents.files.first { $0.path == path }?.version
        var result: Object = ["path": .string(path), "version": version.map(Value.int) ?? .null]
        if let version, let row = try versions(id: id, path).first(where: { $0.version == version }) {
            result["source"] = .string(String(decoding: try library.source(row.hash), as: UTF8.self))
            result["hash"] = .string(row.hash)
            result["message"] = .string(row.message)
            result["author"] = .string(row.author)
            result["created_at"] = .string(row.createdAt)
        }
        if let set = ruleSet(path) {
            result["contract"] = .string(set.contract.id)
            result["key"] = .string(set.key)
        }
        result["draft"] = try draft(path).map { draft in
            [
                "source": .string(String(decoding: try library.source(draft.hash), as: UTF8.self)), "hash": .string(draft.hash),
                "base_version": .int(draft.baseVersion), "message": .string(draft.message), "author": .string(draft.author),
                "updated_at": .string(draft.updatedAt),
            ]
        } ?? .null
        return .object(result)
    }

    struct Version {
        let version: Int64
        let hash: String
        let message: String
        let author: String
        let createdAt: String
    }

    /// Newest first.
    func versions(id: Int64? = nil, _ path: String) throws -> [Version] {
        if id == nil { _ = try script(path) }
        return try db.query(Self.selectVersions, path) { row in
            Version(version: row.int(0), hash: row.text(1), message: row.text(2), author: row.text(3), createdAt: row.text(4))
        }
    }

    private static let selectVersion = SQL("""
        SELECT v.version, v.hash, v.message, v.author, v.created_at FROM platform_scripts s
        JOIN platform_script_versions v ON v.script_id = s.id WHERE s.path = ?1 AND v.version = ?2
        """)

    func version(_ path: String, _ number: Int64) throws -> Version? {
        try db.first(Self.selectVersion, path, number) { row in
            Version(version: row.int(0), hash: row.text(1), message: row.text(2), author: row.text(3), createdAt: row.text(4))
        }
    }

    struct Draft {
        let hash: String
        let baseVersion: Int64
        let message: String
        let author: String
        let updatedAt: String
    }

    func draft(_ path: String) throws -> Draft? {
        try db.first(Self.selectDraft, path) { row in
            Draft(hash: row.text(0), baseVersion: row.int(1), message: row.text(2), author: row.text(3), updatedAt: row.text(4))
        }
    }

    /// The text of a version, of the draft (`draft`) or of what is in force (`current`).
    func source(_ path: String, named name: String) throws -> [UInt8] {
        if name == "draft" {
            guard let draft = try draft(path) else { throw Self.noDraft(path) }
            return try library.source(draft.hash)
        }
        let versions = try versions(path)
        let wanted: Int64?
        if name == "current" {
            wanted = try library.currentContents().contents.files.first { $0.path == path }?.version
        } else {
            wanted = Int64(name)
        }
        guard let version = versions.first(where: { $0.version == wanted }) else {
            throw Problem(404, "script.version_unknown", "\(path) has no version “\(name)”.")
        }
        return try library.source(version.hash)
    }

    // MARK: Changing

    private static let insertScript = SQL("INSERT INTO platform_scripts (path) VALUES (?1) ON CONFLICT (path) DO NOTHING")
    private static let upsertDraft = SQL("""
        INSERT INTO platform_script_drafts (script_id, hash, base_version, message, author_id, author, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (script_id) DO UPDATE SET hash = excluded.hash, base_version = excluded.base_version,
          message = excluded.message, author_id = excluded.author_id, author = excluded.author, updated_at = excluded.updated_at
        """)
    private static let deleteDraft = SQL("DELETE FROM platform_script_drafts WHERE script_id = ?1")
    private static let insertVersion = SQL("""
        INSERT INTO platform_script_versions (script_id, version, hash, message, author_id, author, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """)
    private static let maxVersion = SQL("SELECT coalesce(max(version), 0) FROM platform_script_versions WHERE script_id = ?1")

    /// Saves a draft; it need not load yet.
    ///
    /// - Parameter base: the version that its author began with, 0 for none. If it is not said, the one of the draft that
    ///   is there, else the version in force.
    /// - Throws: 422 `script.path_invalid`, 413 `script.too_large`, 404 `script.version_unknown` for a base that never was.
    package func saveDraft(
        _ path: String, source: [UInt8], message: String, base: Int64? = nil, author: Author, now: Instant
    ) throws {
        try Self.checkPath(path)
        guard source.count <= 256 << 10 else {
            throw Problem(413, "script.too_large", "A script has at most 256 KiB, this one has \(source.count) bytes.")
        }
        try db.run(Self.insertScript, path)
        let id = try script(path)
        if let base, base != 0, try version(path, base) == nil {
            throw Problem(404, "script.version_unknown", "\(path) has no version \(base).", field: "base_version")
        }
        let base = try base ?? draft(path)?.baseVersion ?? inForce(path)
        try db.run(Self.upsertDraft, id, try library.keep(source), base, message, author.id, author.name, now.description)
    }

    /// The version in force; 0 for none.
    func inForce(_ path: String) throws -> Int64 {
        try library.currentContents().contents.files.first { $0.path == path }?.version ?? 0
    }

    /// How a draft that was begun on an older version comes to stand on the one in force.
    package enum Rebase: String, Sendable {
        /// What the draft changed is brought into the version in force, line by line.
        case merge
        /// The draft's text as it is, over whatever was published since: its author has seen the difference.
        case keep
    }

    /// Puts the draft on the version in force.
    ///
    /// - Returns: the version that the draft stands on now.
    /// - Throws: 409 `script.no_draft`; 409 `script.merge_conflict` with the places that both changed, and then nothing has.
    package func rebase(_ path: String, _ how: Rebase, author: Author, now: Instant) throws -> Int64 {
        guard let draft = try draft(path) else { throw Self.noDraft(path) }
        let current = try inForce(path)
        if draft.baseVersion == current { return current }
        var source = try library.source(draft.hash)
        if how == .merge {
            let base = try version(path, draft.baseVersion).map { try library.source($0.hash) } ?? []
            let published = try version(path, current).map { try library.source($0.hash) } ?? []
            switch LineMerge.merge(
                base: String(decoding: base, as: UTF8.self), ours: String(decoding: published, as: UTF8.self),
                theirs: String(decoding: source, as: UTF8.self))
            {
            case .merged(let text): source = Array(text.utf8)
            case .conflicts(let conflicts):
                throw Problem(
                    409, "script.merge_conflict",
                    "The draft of \(path) and version \(current) both changed line \(conflicts[0].line) of version \(draft.baseVersion): "
                        + "bring them together by hand and save the draft with base_version \(current).",
                    extra: [
                        ("base_version", .int(draft.baseVersion)), ("current_version", .int(current)),
                        ("conflicts", .array(conflicts.prefix(50).map(Self.describe))),
                    ])
            }
        }
        try saveDraft(path, source: source, message: draft.message, base: current, author: author, now: now)
        return current
    }

    private static func describe(_ conflict: LineMerge.Conflict) -> Value {
        func text(_ lines: [String]) -> Value { .string(lines.joined(separator: "\n")) }
        return [
            "line": .int(Int64(conflict.line)), "base": text(conflict.base), "current": text(conflict.ours),
            "draft": text(conflict.theirs),
        ]
    }

    /// - Throws: 409 `script.conflict` where a version was published since the draft was begun.
    private func requireFresh(_ draft: Draft, _ path: String) throws {
        let current = try inForce(path)
        guard draft.baseVersion != current else { return }
        throw Problem(
            409, "script.conflict",
            "The draft of \(path) was begun on version \(draft.baseVersion), and version \(current) is in force by now: publishing it "
                + "would undo what changed since. Rebase the draft, or look at the difference and save it with base_version \(current).",
            extra: [("base_version", .int(draft.baseVersion)), ("current_version", .int(current))])
    }

    package func discardDraft(_ path: String) throws {
        guard try draft(path) != nil else { throw Self.noDraft(path) }
        try db.run(Self.deleteDraft, try script(path))
    }

    /// What is wrong with the draft (or with what is in force, where there is none); nothing when it may be published.
    package func check(_ path: String) throws -> [Finding] {
        let hash: String
        if let draft = try draft(path) {
            hash = draft.hash
        } else {
            hash = Digest.hex(Digest.sha256(try source(path, named: "current")))
        }
        let source = try library.source(hash)
        let findings = ScriptCheck.ruleFile(path, source: source, contracts: revision.plugins.contracts)
        guard !findings.hasErrors else { return findings }
        do {
            let content = try self.content(path, hash: hash)
            try revision.plugins.check(content, path: path, source: source)
            let changed = try revision.replacing(RuleSet(path: path, version: 0, content: content), id: 0)
            try checkTaxProfile(changed, path, hash: hash)
            return findings
        } catch {
            guard let finding = ScriptCheck.finding(error, path, source) else { throw error }
            return [finding] + findings
        }
    }

    /// What would run if the draft were published; what runs where there is none.
    func revisionWithDraft(_ path: String) throws -> Revision {
        _ = try script(path)
        guard let draft = try draft(path) else { return revision }
        let content = try checked(path) { try self.content(path, hash: draft.hash) }
        return try revision.replacing(RuleSet(path: path, version: draft.baseVersion + 1, content: content), id: revision.id)
    }

    /// Makes the draft a version and puts it in force.
    /// - Returns: the new version, and the revision that the caller publishes after the commit.
    /// - Parameter message: why; the draft's own if it is not given.
    /// - Throws: 409 `script.no_draft`, 409 `script.conflict` where another version came in force since the draft was begun;
    ///   422 `script.*` with file, line, field and message. Then nothing has changed.
    package func publish(
        _ path: String, message: String? = nil, author: Author, now: Instant
    ) throws -> (version: Int64, revision: Revision) {
        guard let draft = try draft(path) else { throw Self.noDraft(path) }
        try requireFresh(draft, path)
        let id = try script(path)
        let latest = try db.first(Self.maxVersion, id) { $0.int(0) } ?? 0
        let content = try checked(path) { try self.content(path, hash: draft.hash) }
        let source = try library.source(draft.hash)
        try checked(path) { try revision.plugins.check(content, path: path, source: source) }
        try refuseErrors(path, source)
        let version = latest + 1
        let message = message ?? draft.message
        try db.run(Self.insertVersion, id, version, draft.hash, message, author.id, author.name, now.description)
        try db.run(Self.deleteDraft, id)
        let set = RuleSet(path: path, version: version, content: content)
        let changed = try putInForce(set, reason: message.isEmpty ? "Publish \(path)" : message, author: author, now: now)
        try checked(path) { try checkTaxProfile(changed, path, hash: draft.hash) }
        return (version, changed)
    }

    private func checkTaxProfile(_ revision: Revision, _ path: String, hash: String) throws {
        guard revision.taxProfiles(country: country).count > 1 else { return }
        try TaxProfileChoice.check(
            revision, country: country, changed: path, source: String(decoding: try library.source(hash), as: UTF8.self), db)
    }

    /// A text that loads may still be wrong where it runs: then it does not go into force.
    private func refuseErrors(_ path: String, _ source: [UInt8]) throws {
        let findings = ScriptCheck.ruleFile(path, source: source, contracts: revision.plugins.contracts)
        guard let first = findings.first(where: { $0.severity == .error }) else { return }
        throw Problem(
            422, first.code, first.text, field: first.field,
            extra: [
                ("file", .string(first.file)), ("line", first.line.map { .int(Int64($0)) } ?? .null), ("message", .string(first.message)),
                ("findings", .array(findings.map(\.value))),
            ])
    }

    /// Reads a source as the rule file at `path`.
    private func content(_ path: String, hash: String) throws -> RuleContent {
        let content = try library.content(path, hash: hash, revision.plugins)
        if !content.amounts.isEmpty {
            try content.check(amountsIn: currency, file: path, source: String(decoding: try library.source(hash), as: UTF8.self))
        }
        return content
    }

    /// Takes a file that came with the program as version 1.
    static func insertShipped(
        _ db: Connection, _ library: RevisionLibrary, path: String, source: [UInt8], author: Author, now: Instant
    ) throws {
        try db.run(insertScript, path)
        guard let id = try db.first(selectScript, path, row: { $0.int(0) }) else { return }
        try db.run(insertVersion, id, 1, try library.keep(source), "As shipped", author.id, author.name, now.description)
    }

    /// Puts an earlier version in force again.
    package func rollback(_ path: String, to version: Int64, author: Author, now: Instant) throws -> Revision {
        _ = try script(path)
        let content = try checked(path) { try library.content(path, version: version, revision.plugins) }
        let set = RuleSet(path: path, version: version, content: content)
        return try putInForce(set, reason: "Roll \(path) back to version \(version)", author: author, now: now)
    }

    private func putInForce(_ set: RuleSet, reason: String, author: Author, now: Instant) throws -> Revision {
        var (_, contents) = try library.currentContents()
        contents.files.removeAll { $0.path == set.path }
        contents.files.append((set.path, set.version))
        contents.files.sort { $0.path < $1.path }
        let id = try library.store(contents, reason: reason, authorID: author.id, author: author.name, now: now)
        return try checked(set.path) { try library.current(id: id, contents, replacing: set, in: revision) }
    }

    /// What is wrong with a script reaches the caller with file, line, field and message.
    private func checked<T>(_ path: String, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch {
            guard var finding = Self.finding(error, path) else { throw error }
            let problem = (error as? any ProblemConvertible)?.problem
            if finding["field"] == nil { finding["field"] = .null }
            throw Problem(
                422, problem?.code ?? "script.refused", problem?.detail ?? "The script does not load.", field: finding["field"]?.string,
                extra: finding.filter { $0.key != "field" && $0.key != "code" }.map { ($0.key, $0.value) })
        }
    }

    /// File, line, field, message and code of a script's fault; nil for errors of another kind.
    static func finding(_ error: any Error, _ path: String) -> Object? {
        switch error {
        case let error as DeclarationError:
            return [
                "file": .string(error.file), "line": error.line.map { .int(Int64($0)) } ?? .null, "field": .string(error.field),
                "message": .string(error.message), "code": "script.contract",
            ]
        case let fault as ScriptFault:
            return [
                "file": .string(fault.file.isEmpty ? path : fault.file), "line": fault.line > 0 ? .int(Int64(fault.line)) : .null,
                "field": .null, "message": .string(fault.message), "code": .string(fault.problem.code),
            ]
        default:
            return nil
        }
    }

    // MARK: Helpers

    func script(_ path: String) throws -> Int64 {
        guard let id = try db.first(Self.selectScript, path, row: { $0.int(0) }) else {
            throw Problem(404, "script.not_found", "There is no script “\(path)” here.")
        }
        return id
    }

    private func ruleSet(_ path: String) -> RuleSet? {
        for sets in revision.ruleSets.values {
            if let set = sets.values.first(where: { $0.path == path }) { return set }
        }
        return nil
    }

    private static func noDraft(_ path: String) -> Problem {
        Problem(409, "script.no_draft", "\(path) has no draft. Save one first.")
    }

    /// `Rules/<folder>/<name>.lua`, letters, digits, hyphens and underscores.
    static func checkPath(_ path: String) throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let fits =
            parts.count >= 2 && parts.count <= 5 && parts[0] == "Rules" && path.hasSuffix(".lua") && path.utf8.count <= 200
            && parts.allSatisfy { part in
                !part.isEmpty && !part.hasPrefix(".") && part.utf8.allSatisfy {
                    ($0 >= 97 && $0 <= 122) || ($0 >= 65 && $0 <= 90) || ($0 >= 48 && $0 <= 57) || $0 == 45 || $0 == 95 || $0 == 46
                }
            }
        guard fits else {
            throw Problem(
                422, "script.path_invalid",
                "“\(path)” is not a path for a rule file; use Rules/<folder>/<name>.lua with letters, digits, hyphens and underscores.")
        }
    }
}

extension RevisionLibrary {
    /// The revision after one rule set changed: from `revision` where that is what is stored otherwise, else read anew.
    func current(id: Int64, _ contents: Contents, replacing set: RuleSet, in revision: Revision) throws -> Revision {
        let others = contents.files.filter { $0.path != set.path }
        let same = others.count == revision.files.count - (revision.files[set.path] == nil ? 0 : 1)
            && others.allSatisfy { revision.files[$0.path] == $0.version }
        return same ? try revision.replacing(set, id: id) : try self.revision(id: id, contents)
    }
}
