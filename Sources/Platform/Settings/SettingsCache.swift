import Core
import Storage

/// What the writer of a tenant knows of its settings. Scripts ask for the same few in every request.
///
/// A change in the transaction under way empties it and keeps it empty until a commit: what was read of a change that is
/// rolled back later is never kept. Readers, whose database may be an older one, keep nothing.
private final class SettingsCache {
    private var values: [String: Value?] = [:]
    /// Frames in the log when a setting was changed; until there are others, that change may not be committed.
    private var changedAt: Int?

    func changed(_ db: Connection) {
        values = [:]
        changedAt = db.walFrames
    }

    func value(_ db: Connection, _ name: String, read: () throws -> Value?) rethrows -> Value? {
        if let changedAt {
            if changedAt == db.walFrames { return try read() }
            self.changedAt = nil
        }
        if let known = values[name] { return known }
        let value = try read()
        if values.count >= 1_000 { values = [:] }
        values[name] = .some(value)
        return value
    }
}

extension Settings {
    /// As `resolve`, from memory where it can be.
    package static func cached(_ db: Connection, _ key: String, branch: Int64? = nil, till: Int64? = nil) throws -> Value? {
        guard db.mode == .writer else { return try resolve(db, key, branch: branch, till: till) }
        let name = branch == nil && till == nil ? key : "\(key)/\(branch ?? 0)/\(till ?? 0)"
        return try db.companion { SettingsCache() }.value(db, name) { try resolve(db, key, branch: branch, till: till) }
    }

    static func noteChange(_ db: Connection) {
        db.companion { SettingsCache() }.changed(db)
    }
}
