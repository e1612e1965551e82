import Core
import Storage

/// A report as it stands among the plugins of a tenant.
package struct Report: Sendable {
    package let declaration: ReportDeclaration
    let access: ReportAccess
    let tables: TableSet
    /// Tells it from every other version of itself.
    let hash: String

    init(_ declaration: ReportDeclaration, _ package: PluginPackage, types: [String: RecordType]) {
        self.declaration = declaration
        access = ReportAccess(declaration, package, types: types)
        tables = access.tablesRead(by: declaration)
        hash = package.hash
    }

    /// Prepares it on the tenant's database, as an install does: what it may not read, and what is no SELECT, is refused here.
    /// - Throws: `DeclarationError`.
    func check(_ db: Connection) throws {
        func wrong(_ field: String, _ message: String) -> DeclarationError {
            DeclarationError(file: declaration.file, field: field, message: message)
        }
        for sql in [declaration.text.sql, access.sql(of: declaration, branches: [1])] {
            let found: SelectDescription
            do {
                found = try db.describe(select: sql, judgedBy: access.judge)
            } catch StorageError.denied(let what) {
                throw wrong("sql", "is not allowed: \(what)")
            } catch StorageError.statement(_, let message, _) {
                throw wrong("sql", "does not read as SQL here: \(message)")
            } catch StorageError.misuse(let what) {
                throw wrong("sql", "is \(what)")
            }
            guard found.columns.count == declaration.columns.count else {
                throw wrong("columns", "are \(declaration.columns.count), and the SELECT gives \(found.columns.count)")
            }
        }
    }
}
