import CBridge
import CSQLite
import Core

/// For tests of this room and those above it: a disk under SQLite that fails chosen operations and forgets, at a
/// simulated power cut, what was not flushed. Covers the databases below one folder that are opened with `vfs`.
///
/// `@unchecked Sendable`: the C side has a lock of its own.
package final class DiskFaults: @unchecked Sendable {
    /// For `Connection.Options.vfs`.
    package static let vfs = KONTOR_FAULT_VFS

    package struct Operations: OptionSet, Sendable {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        package static let read = Operations(rawValue: 1)
        package static let write = Operations(rawValue: 2)
        package static let sync = Operations(rawValue: 4)
        package static let truncate = Operations(rawValue: 8)
        package static let open = Operations(rawValue: 16)
        package static let delete = Operations(rawValue: 32)
        package static let sharedMemory = Operations(rawValue: 64)
        /// What changes the disk.
        package static let changes: Operations = [.write, .sync, .truncate, .delete]
    }

    package enum Failure: Sendable {
        case inputOutput, full

        fileprivate var code: Int32 {
            switch self {
            case .inputOutput: SQLITE_IOERR
            case .full: SQLITE_FULL
            }
        }
    }

    /// How much of what was not flushed is there after a cut.
    package enum Loss: Int32, Sendable, CaseIterable {
        case all = 0
        /// Each write is there or not.
        case some = 1
        /// Each sector of 512 bytes is there or not.
        case sectors = 2
        /// Everything in its order up to some sector, and nothing after it.
        case tail = 3
        /// The files have their new sizes, and zeros where nothing was flushed.
        case bytes = 4
    }

    private let fault: OpaquePointer

    /// - Parameter folder: an absolute path.
    package init(folder: String) throws(StorageError) {
        guard kontor_sqlite_configure() == SQLITE_OK, kontor_fault_register() == SQLITE_OK,
            let fault = kontor_fault_new("\(folder)/")
        else { throw .outOfMemory }
        self.fault = fault
    }

    deinit { kontor_fault_free(fault) }

    /// The `nth` operation from now (1 is the next) on a file whose name ends in `suffix` ("-wal") fails and has no
    /// effect; with `forGood` all later ones too.
    package func fail(
        _ operations: Operations, on suffix: String = "", nth: Int = 1, with failure: Failure = .inputOutput,
        forGood: Bool = false
    ) {
        kontor_fault_fail(fault, operations.rawValue, suffix, Int64(nth), failure.code, forGood ? 1 : 0)
    }

    /// No failures any more.
    package func heal() { kontor_fault_fail(fault, 0, "", 0, 0, 0) }

    /// The power goes at the `nth` operation from now: it and everything after it fails.
    package func cut(at operations: Operations = .changes, on suffix: String = "", nth: Int = 1) {
        kontor_fault_cut(fault, operations.rawValue, suffix, Int64(nth))
    }

    /// Operations so far.
    package func count(_ operations: Operations) -> Int { Int(kontor_fault_count(fault, operations.rawValue)) }

    /// Operations that failed so far.
    package var hits: Int { Int(kontor_fault_hits(fault)) }

    /// Leaves on the disk what a power cut leaves. All connections must be closed.
    ///
    /// - Parameter losesNames: the folder is as it was last flushed: files made since are gone, files removed since are back.
    package func settle(_ loss: Loss, losesNames: Bool = false, seed: UInt64) throws(StorageError) {
        guard kontor_fault_settle(fault, loss.rawValue, losesNames ? 1 : 0, seed) == 0 else { throw .inputOutput("settle") }
    }
}
