import Core
import Storage

/// The files in a tenant's database.
package struct StoredFiles {
    let db: Connection

    package init(_ db: Connection) {
        self.db = db
    }

    /// The most bytes of one file, unless `files.max_bytes` says otherwise.
    static let usualBytes: Int64 = 8 << 20
    /// The most that the setting may say.
    static let mostBytes: Int64 = 32 << 20
    static let setting = "files.max_bytes"
    /// How many files of one person may wait for a record that refers to them.
    static let mostUnheld: Int64 = 200

    private static let columns = "f.id, f.name, f.media_type, c.size, c.sha256, f.plugin, f.unheld_at, f.created_at, f.created_by, c.id"
    private static let select = SQL(
        "SELECT \(columns) FROM platform_files f JOIN platform_file_contents c ON c.id = f.content_id WHERE f.id = ?1")
    private static let selectPart = SQL("SELECT substr(bytes, ?2, ?3) FROM platform_file_contents WHERE id = ?1")
    private static let selectContent = SQL("SELECT id FROM platform_file_contents WHERE sha256 = ?1")
    private static let insertContent = SQL("INSERT INTO platform_file_contents (sha256, size, bytes) VALUES (?1, ?2, ?3)")
    private static let insert = SQL("""
        INSERT INTO platform_files (name, media_type, content_id, plugin, unheld_at, created_at, created_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)
        """)
    private static let countUnheld = SQL("SELECT count(*) FROM platform_files WHERE created_by = ?1 AND unheld_at IS NOT NULL")
    private static let hold = SQL("UPDATE platform_files SET unheld_at = NULL WHERE id = ?1 AND unheld_at IS NOT NULL")

    /// Keeps a file. One that no record refers to is removed a day later.
    /// - Parameters:
    ///   - type: its media type.
    ///   - plugin: whose code makes it; empty for a person.
    /// - Throws: 422 `file.media_type`; 413 `file.too_large`; 409 `file.too_many` where too many of the person's wait.
    func add(name: String, type: String, bytes: [UInt8], plugin: String, by userID: Int64, at: Instant) throws -> StoredFile {
        let type = try StoredFile.mediaType(type)
        let most = try Settings.get(db, .tenant, Self.setting)?.int ?? Self.usualBytes
        guard bytes.count <= most else {
            throw Problem(413, "file.too_large", "The file has \(bytes.count) bytes, and may have \(most). The setting \(Self.setting) says so.")
        }
        if plugin.isEmpty, try db.integer(Self.countUnheld, userID) >= Self.mostUnheld {
            throw Problem(
                409, "file.too_many", "\(Self.mostUnheld) of your files wait for a record that refers to them. Use those, or wait for a day.")
        }
        let digest = Digest.hex(Digest.sha256(bytes))
        let content: Int64
        if let known = try db.first(Self.selectContent, digest, row: { $0.int(0) }) {
            content = known
        } else {
            try db.run(Self.insertContent, digest, Int64(bytes.count), bytes)
            content = db.lastInsertRowID
        }
        try db.run(Self.insert, StoredFile.cleaned(name), type, content, plugin, at, userID)
        guard let file = try find(db.lastInsertRowID) else { throw Self.unknown(db.lastInsertRowID) }
        return file
    }

    func find(_ id: Int64) throws -> StoredFile? {
        try db.first(Self.select, id) { row in
            StoredFile(
                id: row.int(0), name: row.text(1), mediaType: row.text(2), size: row.int(3), sha256: row.text(4), plugin: row.text(5),
                isUnheld: row.optionalText(6) != nil, createdAt: row.text(7), createdBy: row.int(8), contentID: row.int(9))
        }
    }

    /// - Parameters:
    ///   - offset: of the first byte, from 0.
    ///   - count: how many at most.
    func bytes(of file: StoredFile, offset: Int64 = 0, count: Int64 = .max) throws -> [UInt8] {
        let count = min(count, max(0, file.size - offset))
        return try db.first(Self.selectPart, file.contentID, offset + 1, count) { $0.bytes(0) } ?? []
    }

    /// A record refers to it now.
    func hold(_ id: Int64) throws { try db.run(Self.hold, id) }

    static func unknown(_ id: Int64) -> Problem { Problem(404, "file.not_found", "There is no file \(id) here.") }

    // MARK: Housekeeping

    private static let selectReferences = SQL("""
        SELECT m.name, f."from" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
        WHERE m.type = 'table' AND f."table" = 'platform_files'
        """)
    private static let selectSome = SQL(
        "SELECT id, content_id, unheld_at FROM platform_files WHERE id > (SELECT after_id FROM platform_file_sweeps) ORDER BY id LIMIT ?1")
    private static let advance = SQL("UPDATE platform_file_sweeps SET after_id = ?1")
    private static let release = SQL("UPDATE platform_files SET unheld_at = ?2 WHERE id = ?1")
    private static let delete = SQL("DELETE FROM platform_files WHERE id = ?1")
    private static let deleteContent = SQL("""
        DELETE FROM platform_file_contents WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM platform_files WHERE content_id = ?1)
        """)
    /// How many files one turn of housekeeping looks at.
    private static let perSweep = 100

    /// All columns that refer to files, those of plugins that were taken out included: their data stay.
    static func references(_ db: Connection) throws -> [(table: String, column: String)] {
        try db.query(selectReferences) { ($0.text(0), $0.text(1)) }
    }

    /// Looks at some files, from where the last time ended, and removes those to which nothing has referred for a day.
    static func sweep(_ db: Connection, now: Instant) throws {
        let some = try db.query(selectSome, perSweep) { (id: $0.int(0), content: $0.int(1), unheldAt: $0.optionalText(2)) }
        guard let last = some.last else {
            if try db.integer(SQL("SELECT after_id FROM platform_file_sweeps")) > 0 { try db.run(advance, 0) }
            return
        }
        let probes = try references(db).map { SQL("SELECT 1 FROM \"\($0.table)\" WHERE \"\($0.column)\" = ?1 LIMIT 1") }
        let yesterday = now.adding(seconds: -86_400).description
        for file in some {
            let isHeld = try probes.contains { try db.first($0, file.id) { $0.int(0) } != nil }
            if isHeld {
                try db.run(hold, file.id)
            } else if let since = file.unheldAt {
                guard since < yesterday else { continue }
                try db.run(delete, file.id)
                try db.run(deleteContent, file.content)
            } else {
                try db.run(release, file.id, now)
            }
        }
        try db.run(advance, some.count < perSweep ? 0 : last.id)
    }
}
