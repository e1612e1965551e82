import Core

/// Brings databases forward. What was applied is in the table `schema_migrations` of each database.
package enum Migrations {
    package struct Applied: Sendable, Equatable {
        package let room: String
        package let number: Int
        package let name: String
        package let checksum: String
        package let appliedAt: String
    }

    /// Applies those of the list that the database does not have, each in a transaction of its own (a savepoint if the
    /// caller is in a transaction).
    ///
    /// - Parameters:
    ///   - list: in the order in which the rooms need each other; within a room, numbers rise.
    ///   - partial: the list is that of some rooms only, such as one plugin's; what other rooms applied is let be.
    ///   - beforeFirst: called once before the first, unless the database is new.
    /// - Returns: those applied now.
    /// - Throws: `.newerSchema`, `.migrationChanged`, `.migrationOrder` before anything is changed; what a migration
    ///   throws, with those before it kept.
    @discardableResult
    package static func apply(
        _ list: [Migration], to db: Connection, clock: any Clock = SystemClock(), partial: Bool = false,
        beforeFirst: (() throws -> Void)? = nil
    ) throws -> [Migration] {
        let known = try applied(in: db)
        let pending = try pending(list, known, partial)
        guard !pending.isEmpty else { return [] }
        if !known.isEmpty { try beforeFirst?() }
        try db.run(create)
        for migration in pending { try apply(migration, to: db, at: clock.now()) }
        return pending
    }

    /// Those of the list that the database does not have.
    /// - Throws: `.newerSchema`, `.migrationChanged`, `.migrationOrder`.
    package static func pending(_ list: [Migration], in db: Connection) throws -> [Migration] { try pending(list, try applied(in: db), false) }

    /// In the order in which they were applied.
    package static func applied(in db: Connection) throws -> [Applied] {
        guard try db.integer(exists) == 1 else { return [] }
        return try db.query(select) { row in
            Applied(
                room: row.text(0), number: Int(row.int(1)), name: row.text(2), checksum: row.text(3), appliedAt: row.text(4))
        }
    }

    private static let exists = SQL("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'")
    private static let create = SQL(
        """
        CREATE TABLE IF NOT EXISTS schema_migrations (
          id         INTEGER PRIMARY KEY,
          room       TEXT    NOT NULL,
          number     INTEGER NOT NULL CHECK (number > 0),
          name       TEXT    NOT NULL,
          checksum   TEXT    NOT NULL,
          applied_at TEXT    NOT NULL,
          UNIQUE (room, number)
        ) STRICT
        """)
    private static let select = SQL("SELECT room, number, name, checksum, applied_at FROM schema_migrations ORDER BY id")
    private static let insert = SQL(
        "INSERT INTO schema_migrations (room, number, name, checksum, applied_at) VALUES (?, ?, ?, ?, ?)")
    private static let keysOff = SQL("PRAGMA foreign_keys=OFF")
    private static let keysOn = SQL("PRAGMA foreign_keys=ON")
    private static let keys = SQL("PRAGMA foreign_keys")
    private static let checkKeys = SQL("PRAGMA foreign_key_check")

    private static func pending(_ list: [Migration], _ known: [Applied], _ partial: Bool) throws(StorageError) -> [Migration] {
        var recorded: [String: [Int: Applied]] = [:]
        for migration in known { recorded[migration.room, default: [:]][migration.number] = migration }
        var latest: [String: Int] = [:]
        var pending: [Migration] = []
        for migration in list {
            let (room, number) = (migration.room, migration.number)
            guard number > latest[room] ?? 0 else { throw .migrationOrder(room: room, number: number) }
            latest[room] = number
            if let applied = recorded[room]?[number] {
                guard applied.checksum == migration.checksum else { throw .migrationChanged(room: room, number: number) }
            } else if let last = recorded[room]?.keys.max(), last > number {
                throw .migrationOrder(room: room, number: number)
            } else {
                pending.append(migration)
            }
        }
        for applied in known where applied.number > latest[applied.room] ?? 0 {
            // A plugin's room may be gone; one of the kernel's, or a later number, comes from a newer binary.
            if latest[applied.room] != nil || !(applied.room.contains(":") || partial) {
                throw .newerSchema(room: applied.room, number: applied.number)
            }
        }
        return pending
    }

    private static func apply(_ migration: Migration, to db: Connection, at now: Instant) throws {
        let run = {
            switch migration.body {
            case .sql(let text): try db.execute(script: text)
            case .swift(_, let body): try body(db)
            }
            if migration.rebuildsTables, try db.first(checkKeys, row: { $0.text(0) }) != nil {
                throw StorageError.unsound("migration \(migration.room) \(migration.number) leaves broken references")
            }
            try db.run(
                insert, migration.room, migration.number, migration.name, migration.checksum, now)
        }
        guard !db.inTransaction else {
            if migration.rebuildsTables { throw StorageError.misuse("a migration that rebuilds tables inside a transaction") }
            return try db.savepoint(run)
        }
        guard migration.rebuildsTables else { return try db.transaction(.immediate, run) }
        try db.run(keysOff)
        let outcome = Result { try db.transaction(.immediate, run) }
        // Whatever became of the migration, the connection must not be used with its keys off.
        try db.run(keysOn)
        guard try db.integer(keys) == 1 else { throw StorageError.misuse("foreign keys stay off") }
        try outcome.get()
    }
}
