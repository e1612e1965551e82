import Core

/// Fields that a plugin adds to a record type of another: `add_to = { ["pos.sale"] = { { "points", "decimal" } } }`.
///
/// Each is called `x_<plugin>_<name>` everywhere, so that no two plugins and no later version of the type want one name.
package struct RecordAddition: Sendable {
    package let file: String
    package let plugin: String
    package let target: String
    package let fields: [FieldDeclaration]

    static func prefix(_ plugin: String) -> String { "x_\(plugin)_" }

    /// The additions that a file in `records` declares.
    static func all(_ declaration: Declaration, plugin: String) throws(DeclarationError) -> [RecordAddition] {
        guard let table = try declaration.table("add_to") else { return [] }
        var result: [RecordAddition] = []
        for target in table.names {
            if target.hasPrefix("\(plugin).") { throw table.wrong(target, "is the plugin's own record type; declare the field there") }
            var fields: [FieldDeclaration] = []
            for (index, field) in try FieldDeclaration.list(table, target).enumerated() {
                let place = "\(target)[\(index + 1)]"
                if field.kind == .encrypted {
                    throw table.wrong(place, "(\(field.name)) is encrypted, which cannot be added to another's type; keep it in a type of your own")
                }
                if field.kind == .lines { throw table.wrong(place, "(\(field.name)) is lines, which cannot be added to another's type") }
                if field.required, field.fallback == nil {
                    throw table.wrong(place, "(\(field.name)) is required, so it needs a default: its owner does not know it")
                }
                if field.unique { throw table.wrong(place, "(\(field.name)) is unique, which an added field cannot be") }
                var added = field
                added.name = prefix(plugin) + field.name
                if added.name.utf8.count > 63 { throw table.wrong(place, "(\(field.name)) has too long a name") }
                if field.jsonName == field.name { added.jsonName = added.name }
                fields.append(added)
            }
            result.append(RecordAddition(file: declaration.file, plugin: plugin, target: target, fields: fields))
        }
        return result
    }

    /// The record types with what is added to them.
    /// - Throws: `DeclarationError` for a type that is not there, or that the plugin has no capability to read.
    static func apply(_ packages: [PluginPackage], to types: inout [String: RecordType]) throws(DeclarationError) {
        for package in packages {
            for addition in package.recordAdditions {
                guard let type = types[addition.target] else {
                    throw DeclarationError(
                        file: addition.file, field: "add_to.\(addition.target)", message: "is no record type here; name its plugin in depends")
                }
                guard package.manifest.readableTypes.contains(type.name) || package.manifest.writableTypes.contains(type.name) else {
                    throw DeclarationError(
                        file: addition.file, field: "add_to.\(addition.target)",
                        message: "is a record type that the plugin \(package.name) has no capability to read; name it in capabilities.record.read")
                }
                types[type.name] = try type.adding(addition)
            }
        }
    }
}
