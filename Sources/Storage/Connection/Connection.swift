import CBridge
import CSQLite
import Core
import Glibc

/// One connection to one database file. It has one owner at a time and is not for sharing.
///
/// What is special about it: `DESIGN.md`, "Tenants and storage". A writer never checkpoints by itself
/// (`checkpoint`), a reader neither writes nor checkpoints, not even when it is the last to close.
package final class Connection {
    package enum Mode: Sendable {
        /// The one connection of a file that writes and checkpoints.
        case writer
        case reader
        /// A private database in memory; the path is ignored.
        case memory
        /// A new file that a backup fills: without care for crashes, since it is thrown away unless it is whole.
        case copy
    }

    package struct Options: Sendable {
        /// The most memory that pages may take, in KiB; it is taken as pages are used.
        package var cacheKiB = 16 * 1024
        /// The same of a reader.
        package var readerCacheKiB = 4 * 1024
        /// How long to wait for a lock that another process holds.
        package var busyMilliseconds: Int32 = 5000
        /// How many prepared statements are kept.
        package var statementLimit = 512
        /// Whether a writer makes a file that is not there.
        package var creates = true
        /// The name of an SQLite VFS; nil for the system's.
        package var vfs: String?

        package init() {}
    }

    package let path: String
    package let mode: Mode
    let handle: OpaquePointer
    @exclusivity(unchecked) var cache: StatementCache
    /// Set by a failure after which the transaction is worth nothing; cleared by who rolls it back.
    @exclusivity(unchecked) var fatal: StorageError?
    /// A statement gave a row, so that one may still be running.
    @exclusivity(unchecked) var sawRow = false
    @exclusivity(unchecked) var hooks: StatementHooks?
    /// Whoever wants to know how long statements take.
    @exclusivity(unchecked) var times: StatementTimes?
    /// What the authorizer saw written since a statement began to be prepared.
    @exclusivity(unchecked) var prepared = TableSet.none
    /// The tables that were written since the store last asked.
    @exclusivity(unchecked) var written = TableSet.none
    @exclusivity(unchecked) var rules = Rules()
    /// Frames in the WAL after the last commit, counted from its last restart.
    @exclusivity(unchecked) package internal(set) var walFrames = 0
    /// Commits that wrote to the WAL.
    @exclusivity(unchecked) var walCommits = 0
    /// Called before pages go from the log into the file.
    @exclusivity(unchecked) var beforeCheckpoint: (() -> Void)?
    private var companions: [(type: ObjectIdentifier, object: AnyObject)] = []
    private let interrupterBox: Interrupter
    private var isClosed = false

    /// - Throws: `.cannotOpen`, `.corrupt`, `.inputOutput`, `.full` or `.busy`.
    package init(path: String, mode: Mode, options: Options = Options()) throws(StorageError) {
        guard kontor_sqlite_configure() == SQLITE_OK else { throw .misuse("SQLite was used before it was configured") }
        self.path = path
        self.mode = mode
        handle = try Self.open(path, mode, options)
        cache = StatementCache(limit: options.statementLimit)
        interrupterBox = Interrupter(handle)
        try configure(options)
        written = .none
    }

    deinit { close() }

    /// Finishes what is open. A writer that closes last brings the WAL into the file and removes it.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        interrupterBox.release()
        // They may keep statements, and a connection with statements stays open behind our back.
        companions = []
        cache.removeAll()
        sqlite3_close_v2(handle)
    }

    /// For another thread that wants to stop what this connection is doing.
    package var interrupter: Interrupter { interrupterBox }

    // MARK: State

    /// Rows that the last statement inserted, updated or deleted, without those of triggers.
    package var changes: Int { Int(sqlite3_changes64(handle)) }
    package var totalChanges: Int { Int(sqlite3_total_changes64(handle)) }
    package var lastInsertRowID: Int64 { sqlite3_last_insert_rowid(handle) }
    package var inTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Foreign keys that a statement left open to be right at the end.
    var hasOpenForeignKeys: Bool { status(10 /* SQLITE_DBSTATUS_DEFERRED_FKS */) != 0 }

    private func status(_ what: Int32) -> Int {
        var now: Int32 = 0
        var peak: Int32 = 0
        sqlite3_db_status(handle, what, &now, &peak, 0)
        return Int(now)
    }

    // MARK: Failures

    /// The error of the call that just failed; remembers it if it ends the turn.
    func failure(_ code: Int32, _ sql: String) -> StorageError {
        let message = String(cString: sqlite3_errmsg(handle))
        return noting(StorageError(code: code, message: message, sql: sql))
    }

    func noting(_ error: StorageError) -> StorageError {
        if error.endsTurn, fatal == nil { fatal = error }
        return error
    }

    func check(_ code: Int32, _ what: String) throws(StorageError) {
        if code != SQLITE_OK { throw failure(code, what) }
    }
}

// MARK: Opening

extension Connection {
    /// "KNTR", in the header of every file that is ours.
    static let applicationID: Int64 = 0x4B4E_5452

    /// What a room keeps beside the connection for speed, one of each type, made when it is first asked for and gone with it.
    package func companion<Companion: AnyObject>(_ make: () -> Companion) -> Companion {
        let type = ObjectIdentifier(Companion.self)
        for (known, object) in companions where known == type {
            if let companion = object as? Companion { return companion }
        }
        let companion = make()
        companions.append((type, companion))
        return companion
    }

    private static func open(_ path: String, _ mode: Mode, _ options: Options) throws(StorageError) -> OpaquePointer {
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        switch mode {
        case .writer:
            flags |= SQLITE_OPEN_READWRITE
            if options.creates { try makeFile(path) }
        case .copy:
            flags |= SQLITE_OPEN_READWRITE
            try makeFile(path)
        case .reader: flags |= SQLITE_OPEN_READONLY
        case .memory: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY
        }
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(mode == .memory ? ":memory:" : path, &handle, flags, options.vfs)
        guard code == SQLITE_OK, let handle else {
            let reason = handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
            sqlite3_close_v2(handle)
            throw .cannotOpen(path: path, reason: reason)
        }
        return handle
    }

    /// SQLite would make it readable for all.
    private static func makeFile(_ path: String) throws(StorageError) {
        let file = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if file >= 0 {
            Glibc.close(file)
        } else if errno != EEXIST {
            throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
        }
    }

    private func configure(_ options: Options) throws(StorageError) {
        // The statements that a writer keeps hold most of SQLite's own 48 KB; what is left over goes to malloc.
        if mode == .writer { try check(kontor_sqlite_lookaside(handle, 512, 256), "lookaside") }
        sqlite3_busy_timeout(handle, options.busyMilliseconds)
        for (option, value) in [
            (SQLITE_DBCONFIG_DEFENSIVE, 1), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0), (SQLITE_DBCONFIG_ENABLE_FKEY, 1),
            (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0), (SQLITE_DBCONFIG_DQS_DML, 0), (SQLITE_DBCONFIG_DQS_DDL, 0),
            (SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0), (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, mode == .reader ? 1 : 0),
        ] as [(Int32, Int32)] {
            try check(kontor_sqlite_db_config(handle, option, value), "db_config \(option)")
        }
        setLimits()
        installAuthorizer()
        // So that INSERT OR REPLACE meets the triggers of what it deletes, those of append-only tables above all.
        try execute(script: "PRAGMA recursive_triggers=1")
        switch mode {
        case .writer:
            // The sub-journal of savepoints is a "temporary file" to SQLite: see kontor_sqlite_configure.
            try execute(script: "PRAGMA mmap_size=0; PRAGMA cache_size=-\(options.cacheKiB); PRAGMA temp_store=FILE")
            try identify()
            guard try text(Self.useWAL) == "wal" else {
                throw .cannotOpen(path: path, reason: "the file system takes no write-ahead log")
            }
            try execute(script: "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864")
            countFrames()
        case .reader:
            try execute(
                script: """
                    PRAGMA mmap_size=0; PRAGMA cache_size=-\(options.readerCacheKiB); PRAGMA temp_store=FILE;
                    PRAGMA query_only=1
                    """)
        case .memory: try execute(script: "PRAGMA temp_store=MEMORY")
        case .copy: try execute(script: "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF")
        }
    }

    private static let useWAL = SQL("PRAGMA journal_mode=WAL")
    private static let readApplicationID = SQL("PRAGMA application_id")
    private static let countPages = SQL("PRAGMA page_count")

    private func identify() throws(StorageError) {
        let found = try integer(Self.readApplicationID)
        if found == Self.applicationID { return }
        guard found == 0 else { throw .cannotOpen(path: path, reason: "it belongs to another program") }
        if try integer(Self.countPages) == 0 {
            try execute(script: "PRAGMA application_id=\(Self.applicationID)")
        }
    }

    private func setLimits() {
        for (limit, value) in [
            (SQLITE_LIMIT_LENGTH, 64 << 20), (SQLITE_LIMIT_SQL_LENGTH, 1 << 20), (SQLITE_LIMIT_COLUMN, 500),
            (SQLITE_LIMIT_EXPR_DEPTH, 200), (SQLITE_LIMIT_COMPOUND_SELECT, 100), (SQLITE_LIMIT_FUNCTION_ARG, 64),
            (SQLITE_LIMIT_ATTACHED, 0), (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000),
            (SQLITE_LIMIT_VARIABLE_NUMBER, 10_000), (SQLITE_LIMIT_TRIGGER_DEPTH, 20), (SQLITE_LIMIT_WORKER_THREADS, 0),
        ] as [(Int32, Int32)] {
            sqlite3_limit(handle, limit, value)
        }
    }

    /// After `wal_autocheckpoint`, which uses the same hook.
    private func countFrames() {
        let count: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 = {
            context, _, _, frames in
            let connection = Unmanaged<Connection>.fromOpaque(context!).takeUnretainedValue()
            connection.walFrames = Int(frames)
            connection.walCommits &+= 1
            return SQLITE_OK
        }
        sqlite3_wal_hook(handle, count, Unmanaged.passUnretained(self).toOpaque())
    }
}
