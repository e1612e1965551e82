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
        for (role, names) in package.manifest.roles {
            for (index, name) in names.enumerated() { try permission(name, "\(package.name)/plugin.lua", "roles.\(role)[\(index + 1)]") }
        }
        for hook in package.hooks where hook.on != "plugin" && !hook.on.hasPrefix("event:") { try check(hook, package, recordTypes) }
    }

    private static func check(
        _ hook: HookDeclaration, _ package: PluginPackage, _ recordTypes: [String: RecordType]
    ) throws(DeclarationError) {
        guard let type = recordTypes[hook.on] else {
            throw DeclarationError(file: hook.file, field: "on", message: "is “\(hook.on)”, which is no record type here")
        }
        let manifest = package.manifest
        guard type.plugin == package.name || manifest.readableTypes.contains(type.name) || manifest.writableTypes.contains(type.name) else {
            throw DeclarationError(
                file: hook.file, field: "on",
                message: "is \(type.name), which the plugin \(package.name) has no capability to read; name it in capabilities.record.read")
        }
    }
}
