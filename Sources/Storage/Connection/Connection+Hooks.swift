import CSQLite
import Glibc

/// What a statement is about to do, as SQLite sees it while it prepares the statement.
package struct AuthorizedAction {
    package enum Operation: Sendable {
        case read, insert, update, delete, select, function, pragma, transaction, savepoint, attach, recursive
        /// Creating, altering or dropping anything, also analysing and reindexing.
        case schema
    }

    package let operation: Operation
    private let names: (UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?)

    fileprivate init(
        _ code: Int32, _ first: UnsafePointer<CChar>?, _ second: UnsafePointer<CChar>?, _ trigger: UnsafePointer<CChar>?
    ) {
        operation =
            switch code {
            case SQLITE_READ: .read
            case SQLITE_INSERT: .insert
            case SQLITE_UPDATE: .update
            case SQLITE_DELETE: .delete
            case SQLITE_SELECT: .select
            case SQLITE_FUNCTION: .function
            case SQLITE_PRAGMA: .pragma
            case SQLITE_TRANSACTION: .transaction
            case SQLITE_SAVEPOINT: .savepoint
            case SQLITE_ATTACH, SQLITE_DETACH: .attach
            case SQLITE_RECURSIVE: .recursive
            default: .schema
            }
        names = (first, second, trigger)
    }

    /// Of read, insert, update and delete; the name of a pragma; "" otherwise.
    package var table: String { names.0.map { String(cString: $0) } ?? "" }
    /// Of read and update; of a function its name; of a pragma its argument.
    package var column: String { names.1.map { String(cString: $0) } ?? "" }
    /// The function that is called.
    package var function: String { column }
    /// The innermost trigger or view that does it; nil for the statement itself.
    package var trigger: String? { names.2.map { String(cString: $0) } }
}

package enum Authorization: Sendable {
    case allow
    /// The statement is not prepared: `.denied`.
    case deny
    /// A column reads as NULL, a delete does nothing.
    case ignore
}

package typealias Authorizer = (AuthorizedAction) -> Authorization

extension Connection {
    struct Rules {
        var standing: Authorizer?
        var scoped: Authorizer?
        var progress: (() -> Bool)?
    }

    /// Judges every statement that is prepared from now on; those in the cache are prepared anew. Nil judges nothing.
    package func authorize(_ rule: Authorizer?) {
        rules.standing = rule
        cache.removeAll()
    }

    /// Judges the statements of `body` besides the standing rule. They are prepared for it alone and not kept.
    package func authorized<T>(by rule: @escaping Authorizer, _ body: () throws -> T) rethrows -> T {
        let outer = rules.scoped
        rules.scoped = rule
        defer { rules.scoped = outer }
        return try body()
    }

    /// Calls `stop` about every `steps` steps of the virtual machine while `body` runs; true ends the running
    /// statement with `.interrupted`.
    package func watched<T>(every steps: Int32, stop: @escaping () -> Bool, _ body: () throws -> T) rethrows -> T {
        let call: @convention(c) (UnsafeMutableRawPointer?) -> Int32 = { context in
            let connection = Unmanaged<Connection>.fromOpaque(context!).takeUnretainedValue()
            return connection.rules.progress?() == true ? 1 : 0
        }
        rules.progress = stop
        sqlite3_progress_handler(handle, steps, call, Unmanaged.passUnretained(self).toOpaque())
        defer {
            sqlite3_progress_handler(handle, 0, nil, nil)
            rules.progress = nil
        }
        return try body()
    }

    /// Installed once: setting it again would make SQLite prepare every statement again.
    func installAuthorizer() {
        typealias Name = UnsafePointer<CChar>?
        let judge: @convention(c) (UnsafeMutableRawPointer?, Int32, Name, Name, Name, Name) -> Int32 = {
            context, code, first, second, _, trigger in
            let connection = Unmanaged<Connection>.fromOpaque(context!).takeUnretainedValue()
            connection.noteWrite(code, first)
            let rules = connection.rules
            if rules.standing == nil, rules.scoped == nil { return SQLITE_OK }
            let action = AuthorizedAction(code, first, second, trigger)
            var result = SQLITE_OK
            for rule in [rules.standing, rules.scoped] {
                switch rule?(action) {
                case .deny: return SQLITE_DENY
                case .ignore: result = SQLITE_IGNORE
                case .allow, nil: break
                }
            }
            return result
        }
        sqlite3_set_authorizer(handle, judge, Unmanaged.passUnretained(self).toOpaque())
    }
}

extension Connection {
    fileprivate func noteWrite(_ code: Int32, _ table: UnsafePointer<CChar>?) {
        switch code {
        case SQLITE_READ, SQLITE_SELECT, SQLITE_FUNCTION, SQLITE_RECURSIVE, SQLITE_PRAGMA, SQLITE_TRANSACTION, SQLITE_SAVEPOINT:
            return
        case SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE:
            guard let table else { return }
            prepared.insert(utf8: UnsafeRawBufferPointer(start: table, count: strlen(table)))
        default: prepared = .all
        }
    }
}

// MARK: Recording and failing statements

/// Beside the connection, so that a connection without hooks pays one comparison a statement.
final class StatementHooks {
    var record: ((String) -> Void)?
    /// Statements until one fails; nil for never.
    var runsUntilFailure: Int?
    var injected: StorageError = .interrupted

    /// The error that the statement shall fail with instead of running.
    func failure(before statement: Statement) -> StorageError? {
        record?(statement.expandedText)
        guard let left = runsUntilFailure else { return nil }
        runsUntilFailure = left > 1 ? left - 1 : nil
        return left == 1 ? injected : nil
    }
}

extension Connection {
    /// Hands every statement that is run through this connection to `sink`, its values filled in; nil ends it.
    package func recordStatements(_ sink: ((String) -> Void)?) {
        if hooks == nil { hooks = StatementHooks() }
        hooks?.record = sink
        dropUnusedHooks()
    }

    /// For tests: the `number`-th statement from now (1 is the next) throws `error` instead of running; nil ends it.
    package func failStatement(_ number: Int?, with error: StorageError = .inputOutput("injected")) {
        if hooks == nil { hooks = StatementHooks() }
        hooks?.runsUntilFailure = number
        hooks?.injected = error
        dropUnusedHooks()
    }

    private func dropUnusedHooks() {
        if hooks?.record == nil, hooks?.runsUntilFailure == nil { hooks = nil }
    }
}
