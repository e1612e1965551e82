import CBridge
import CSQLite

extension Connection {
    /// Runs `body` while foreign keys are not followed, so that a table that others refer to can be made anew: its rows may go
    /// and come back under the same ids without taking others with them. Inside a transaction; afterwards the references in
    /// the rows of `tables` are checked.
    /// - Throws: `.unsound` with the first row that refers to a missing one; what `body` throws.
    package func withoutForeignKeys(checking tables: [String], _ body: () throws -> Void) throws {
        func follow(_ follows: Bool) throws(StorageError) {
            // The pragma does nothing inside a transaction; this does.
            try check(kontor_sqlite_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, follows ? 1 : 0), "foreign keys")
        }
        try follow(false)
        do {
            try body()
        } catch {
            try follow(true)
            throw error
        }
        try follow(true)
        for table in tables {
            var dangling: String?
            try each(SQL("PRAGMA foreign_key_check(\(table))")) { row in
                dangling = "\(row.text(0)) row \(row.int(1)) refers to a missing row of \(row.text(2))"
                return false
            }
            if let dangling { throw StorageError.unsound(dangling) }
        }
    }
}
