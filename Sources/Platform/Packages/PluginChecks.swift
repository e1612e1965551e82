import Core

/// What a set of plugins must agree on before any of it runs: each name that one of them uses is a name that there is.
enum PluginChecks {
    /// - Throws: `DeclarationError` naming the file and the member.
    static func check(_ package: PluginPackage, recordTypes: [String: RecordType], permissions: PermissionCatalogue) throws(DeclarationError) {
        func permission(_ name: String?, _ file: String, _ field: String) throws(DeclarationError) {
            guard let name, !permissions.contains(name) else { return }
            throw DeclarationError(
                file: file, field: field, message: "is “\(name)”, which no plugin declares; name it in permissions of plugin.lua")
        }
        for route in package.routes { try permission(route.permission, route.file, "permission") }
        for report in package.reports { try permission(report.permission, report.file, "permission") }
        for type in package.recordTypes {
            for (name, value) in type.permissions.all { try permission(value, type.file, "permissions.\(name)") }
        }
        for type in package.recordTypes {
            for (index, field) in type.fields.enumerated() { try permission(field.permission, type.file, "fields[\(index + 1)].permission") }
        }
        for type in package.recordTypes {
            for (index, move) in (type.state?.moves ?? []).enumerated() {
                try permission(move.permission, type.file, "state.moves[\(index + 1)].permission")
            }
        }
        for (role, names) in package.manifest.roles {
            for (index, name) in names.enumerated() {
                let place = "roles.\(role)[\(index + 1)]"
                guard package.manifest.permissions.contains(where: { $0.name == name }) else {
                    throw DeclarationError(
                        file: "\(package.name)/plugin.lua", field: place,
                        message: "is “\(name)”, and a plugin offers roles its own permissions only: those that its manifest declares")
                }
                try permission(name, "\(package.name)/plugin.lua", place)
            }
        }
        for hook in package.hooks where hook.on != "plugin" && !hook.on.hasPrefix("event:") { try check(hook, package, recordTypes) }
    }

    /// Names of rooms whose tables begin with them.
    private static let reserved: Set<String> = ["platform", "ledger", "sqlite", "schema", "plugin", "kernel"]

    /// - Throws: `DeclarationError` where two record types want one table, or a plugin has a name of the kernel's.
    static func checkTables(_ packages: [PluginPackage], _ types: [String: RecordType]) throws(DeclarationError) {
        for package in packages where reserved.contains(package.name) {
            throw DeclarationError(file: "\(package.name)/plugin.lua", field: "name", message: "is a name of the kernel's")
        }
        var owners: [String: RecordType] = [:]
        for type in types.values.sorted(by: { $0.name < $1.name }) {
            for table in [type.table.name] + type.table.lines.map(\.table.name) {
                if let other = owners[table] {
                    throw DeclarationError(file: type.file, field: "type", message: "makes the table \(table), which \(other.name) has already")
                }
                owners[table] = type
            }
        }
    }

    private static func check(
        _ hook: HookDeclaration, _ package: PluginPackage, _ recordTypes: [String: RecordType]
    ) throws(DeclarationError) {
        guard let type = recordTypes[hook.on] else {
            throw DeclarationError(file: hook.file, field: "on", message: "is “\(hook.on)”, which is no record type here")
        }
        let posting: RecordState.Posting = hook.phase == .beforePost || hook.phase == .afterPost ? .post : .void
        if hook.phase.isOfPosting, type.state?.has(posting) != true {
            throw DeclarationError(
                file: hook.file, field: "phase",
                message: "is \(hook.phase.rawValue), and \(type.name) has no move with \(posting.rawValue) = true")
        }
        for field in hook.filter?.fields ?? [] where type.table.column(field)?.field.kind == .encrypted {
            throw DeclarationError(file: hook.file, field: "when.\(field)", message: "is encrypted, so no hook is chosen by it")
        }
        for field in hook.filter?.fields ?? [] where !type.fields.contains(where: { $0.name == field }) && !RecordTable.systemFields.contains(field) {
            throw DeclarationError(file: hook.file, field: "when.\(field)", message: "is no field of \(type.name)")
        }
        let manifest = package.manifest
        guard type.plugin == package.name || manifest.readableTypes.contains(type.name) || manifest.writableTypes.contains(type.name) else {
            throw DeclarationError(
                file: hook.file, field: "on",
                message: "is \(type.name), which the plugin \(package.name) has no capability to read; name it in capabilities.record.read")
        }
    }
}
