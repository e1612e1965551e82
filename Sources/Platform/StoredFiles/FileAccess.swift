import Core
import Storage

/// Who may have which file: who may read a record that refers to it, and who made it.
struct FileAccess {
    let db: Connection
    let plugins: InstalledPlugins

    /// A column of a record type, or of its lines, that refers to files.
    private struct Holder {
        let type: RecordType
        let table: RecordTable
        let column: RecordColumn

        /// Whether a row of it refers to the file.
        var select: SQL { SQL("SELECT 1 FROM \(table.name) WHERE \(column.sql) = ?1 LIMIT 1") }

        /// The branches of the records that refer to it.
        var selectBranches: SQL? {
            guard let branch = type.table.column("branch")?.sql else { return nil }
            if table.isLines {
                return SQL(
                    "SELECT DISTINCT r.\(branch) FROM \(table.name) l JOIN \(type.table.name) r ON r.id = l.parent_id WHERE l.\(column.sql) = ?1")
            }
            return SQL("SELECT DISTINCT \(branch) FROM \(table.name) WHERE \(column.sql) = ?1")
        }
    }

    private var holders: [Holder] {
        plugins.typesInOrder.flatMap { type in
            ([type.table] + type.table.lines.map(\.table)).flatMap { table in
                table.columns.filter { $0.field.kind == .file }.map { Holder(type: type, table: table, column: $0) }
            }
        }
    }

    /// Whether a person may have it.
    func mayRead(_ file: StoredFile, _ principal: Principal) throws -> Bool {
        if principal.userID > 0, file.createdBy == principal.userID { return true }
        return try holders.contains { holder in
            guard let permission = holder.type.readPermission, principal.may(permission) else { return false }
            guard holder.type.branchScoped, principal.branchIDs != nil, let select = holder.selectBranches else {
                return try db.first(holder.select, file.id) { $0.int(0) } != nil
            }
            return try db.query(select, file.id) { $0.isNull(0) ? nil : $0.int(0) }.contains { branch in
                branch.map(principal.isMember) ?? false
            }
        }
    }

    /// Whether a plugin's code may have it: it made it, or a record refers to it that is its own or that it may read.
    func isVisible(_ file: StoredFile, to package: PluginPackage) throws -> Bool {
        if file.plugin == package.name { return true }
        let manifest = package.manifest
        return try holders.contains { holder in
            let name = holder.type.name
            guard holder.type.plugin == package.name || manifest.readableTypes.contains(name) || manifest.writableTypes.contains(name) else {
                return false
            }
            return try db.first(holder.select, file.id) { $0.int(0) } != nil
        }
    }

    /// Whether it may be put into a record: by a person who may have it; by a plugin to which it is visible, or to which the
    /// person who asks has just sent it.
    func mayUse(_ file: StoredFile, _ principal: Principal, _ package: PluginPackage?) throws -> Bool {
        guard let package else { return try mayRead(file, principal) }
        if file.isUnheld, file.plugin.isEmpty, principal.userID > 0, file.createdBy == principal.userID { return true }
        return try isVisible(file, to: package)
    }
}

extension RecordChanges {
    /// Refuses files that whoever makes the change may not put into a record, and those of a media type that the field does
    /// not take; those that stay where they are, are not looked at.
    /// - Parameter package: whose code makes the change; nil for a person.
    /// - Throws: 422 `record.invalid` with a fault for each.
    func checkFiles(_ type: RecordType, _ after: Object, before: Object?, by package: PluginPackage?) throws {
        guard type.table.hasFiles else { return }
        var faults: [Schema.Fault] = []
        let files = StoredFiles(scope.database)
        let access = FileAccess(db: scope.database, plugins: scope.revision.plugins)
        func check(_ value: Value?, _ column: RecordColumn, _ known: Set<Int64>, _ place: String) throws {
            guard case .int(let id)? = value, !known.contains(id) else { return }
            guard let file = try files.find(id), try isTrusted || access.mayUse(file, scope.principal, package) else {
                faults.append(Schema.Fault(field: place, code: "file_unknown", message: "is no file that may be used here"))
                return
            }
            guard column.field.takes(mediaType: file.mediaType) else {
                let types = column.field.mediaTypes.joined(separator: ", ")
                faults.append(Schema.Fault(field: place, code: "media_type", message: "is \(file.mediaType), and must be \(types)"))
                return
            }
            try files.hold(id)
        }
        for column in type.table.columns where column.field.kind == .file {
            let name = column.field.name
            try check(after[name], column, Set([before?[name]?.int].compactMap { $0 }), name)
        }
        for (field, table) in type.table.lines {
            for column in table.columns where column.field.kind == .file {
                let name = column.field.name
                let known = Set((before?[field.name]?.array ?? []).compactMap { $0[name]?.int })
                for (index, line) in (after[field.name]?.array ?? []).enumerated() {
                    try check(line[name], column, known, "\(field.name)[\(index)].\(name)")
                }
            }
        }
        guard faults.isEmpty else { throw Problem.invalidRecord(type, faults) }
    }
}

extension FieldDeclaration {
    /// Whether a file of this media type may be referred to: `types = { "image/*", "application/pdf" }`, all where none is named.
    func takes(mediaType: String) -> Bool {
        mediaTypes.isEmpty || mediaTypes.contains { $0 == mediaType || $0.hasSuffix("/*") && mediaType.hasPrefix($0.dropLast()) }
    }
}
