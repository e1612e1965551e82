import Core
import Scripting
import Storage

/// A kind of record, declared once by a plugin: its table, its checks, its REST interface and its permissions all follow.
package final class RecordType: Sendable {
    /// `catalog.product`
    package let name: String
    package let plugin: String
    package let title: String
    /// The REST collection `/api/<path>`; nil when the type is reached through routes only.
    package let path: String?
    package let table: RecordTable
    let statements = RecordStatements()
    package let permissions: Permissions
    package var readPermission: String? { permissions.read }
    package var writePermission: String? { permissions.write }
    /// `catalog/records/product.lua`
    package let file: String
    /// Rows carry a branch, and only its members see them.
    package let branchScoped: Bool
    /// Rows are never changed or deleted once made.
    package let appendOnly: Bool
    package let softDelete: Bool
    /// Whether changes leave an audit row with before and after.
    package let audited: Bool
    package let listFields: [String]
    /// Takes its number from this series at creation.
    package let number: Number?
    /// The state field with its moves.
    package let state: RecordState?
    /// The file's own code: guards and effects of moves.
    let program: Program

    /// What takes which permission. Those for single verbs are `write`'s where they are not named.
    package struct Permissions: Sendable {
        package let read: String?
        package let write: String?
        package let create: String?
        package let update: String?
        package let delete: String?

        /// With their names in the declaration.
        var all: [(name: String, permission: String?)] {
            [("read", read), ("write", write), ("create", create), ("update", update), ("delete", delete)]
        }
    }

    package struct Number: Sendable {
        package let field: String
        package let series: String
        /// Of a series that the record type brings itself.
        package let format: String?
    }

    package var fields: [FieldDeclaration] { table.fields }

    /// - Parameter declaration: what `records/<name>.lua` returned.
    package init(_ declaration: Declaration, plugin: String, program: Program) throws(DeclarationError) {
        let file = declaration.file
        self.program = program
        name = try declaration.requiredText("type")
        let parts = name.split(separator: ".")
        guard parts.count == 2, parts.allSatisfy({ FieldDeclaration.isName(String($0)) }) else {
            throw declaration.wrong("type", "must be plugin.name in small letters, such as \"catalog.product\"")
        }
        guard parts[0] == plugin else { throw declaration.wrong("type", "must begin with the plugin's name, “\(plugin).”") }
        self.plugin = plugin
        title = try declaration.text("title") ?? String(parts[1])
        path = try declaration.text("path")
        if let path, path.isEmpty || path.contains("{") || path.hasPrefix("/") {
            throw declaration.wrong("path", "must be a plain path such as \"products\"")
        }
        self.file = file
        let permissions = try declaration.table("permissions")
        let write = try permissions?.text("write")
        self.permissions = Permissions(
            read: try permissions?.text("read"), write: write, create: try permissions?.text("create") ?? write,
            update: try permissions?.text("update") ?? write, delete: try permissions?.text("delete") ?? write)
        try permissions?.finish()
        if path != nil, self.permissions.read == nil { throw declaration.wrong("permissions.read", "is missing: each REST path names a permission") }
        switch try declaration.text("scope") {
        case nil, "tenant": branchScoped = false
        case "branch": branchScoped = true
        default: throw declaration.wrong("scope", "must be \"tenant\" or \"branch\"")
        }
        appendOnly = try declaration.flag("append_only")
        softDelete = try declaration.flag("soft_delete")
        audited = try declaration.flag("audit", default: true)
        listFields = try declaration.table("views")?.texts("list") ?? []
        var fields = try FieldDeclaration.list(declaration, "fields")
        if fields.isEmpty { throw declaration.wrong("fields", "is missing") }
        if branchScoped, !fields.contains(where: { $0.name == "branch" && $0.target == "branch" }) {
            throw declaration.wrong("scope", "is \"branch\", so a field { \"branch\", \"ref\", to = \"branch\" } is needed")
        }
        number = try Self.number(declaration, type: name, &fields)
        if let table = try declaration.table("state") {
            let state = try RecordState(table, fields: fields, update: self.permissions.update)
            if appendOnly { throw declaration.wrong("state", "moves, and the type is append_only") }
            for index in fields.indices where fields[index].name == state.field {
                fields[index].fallback = .string(state.initial)
                fields[index].readOnly = true
            }
            self.state = state
        } else {
            state = nil
        }
        declaration.accept("add_to")
        let plural = try declaration.text("plural") ?? "\(parts[1])s"
        table = try RecordTable(
            name: "\(plugin)_\(plural)", fields: fields, indexes: Self.indexes(declaration), softDelete: softDelete,
            appendOnly: appendOnly, declaration: declaration)
        for name in listFields where !fields.contains(where: { $0.name == name }) && !RecordTable.systemFields.contains(name) {
            throw declaration.wrong("views.list", "names “\(name)”, which is not a field")
        }
        try declaration.finish()
    }

    /// The type with the fields that another plugin adds.
    func adding(_ addition: RecordAddition) throws(DeclarationError) -> RecordType {
        let declaration = try Declaration(.object(Object()), file: addition.file, place: "add_to.\(name)")
        return RecordType(self, table: try table.adding(addition.fields, declaration))
    }

    private init(_ type: RecordType, table: RecordTable) {
        name = type.name
        plugin = type.plugin
        title = type.title
        path = type.path
        self.table = table
        permissions = type.permissions
        file = type.file
        branchScoped = type.branchScoped
        appendOnly = type.appendOnly
        softDelete = type.softDelete
        audited = type.audited
        listFields = type.listFields
        number = type.number
        state = type.state
        program = type.program
    }

    /// `number = { series = "pos.sale" }` names a series of the plugin, `number = { series = "PTS-{year}-{seq:6}" }` brings one.
    /// The field that takes the number is there even where it is not declared.
    private static func number(
        _ declaration: Declaration, type: String, _ fields: inout [FieldDeclaration]
    ) throws(DeclarationError) -> Number? {
        guard let number = try declaration.table("number") else { return nil }
        let name = try number.text("field") ?? "number"
        let series = try number.requiredText("series")
        if try !number.flag("gapless", default: true) { throw number.wrong("gapless", "is false, and series have no gaps here") }
        try number.finish()
        if let field = fields.first(where: { $0.name == name }) {
            guard field.kind == .text else { throw number.wrong("field", "is “\(name)”, which is not text") }
        } else {
            var field = FieldDeclaration(name: name, kind: .text)
            field.unique = true
            field.readOnly = true
            fields.insert(field, at: 0)
        }
        guard series.contains("{") else { return Number(field: name, series: series, format: nil) }
        return Number(field: name, series: type, format: series)
    }

    private static func indexes(_ declaration: Declaration) throws(DeclarationError) -> [RecordTable.Index] {
        var result: [RecordTable.Index] = []
        for (position, item) in try declaration.list("indexes").enumerated() {
            let place = "indexes[\(position)]"
            let index = try Declaration(item.keyed, file: declaration.file, place: declaration.path(place))
            var columns: [String] = []
            while case .string(let column)? = index.value(String(columns.count + 1)) { columns.append(column) }
            if columns.isEmpty { throw declaration.wrong(place, "must name fields, such as { \"product\", \"branch\" }") }
            var made = RecordTable.Index(fields: columns, unique: try index.flag("unique"))
            if let filter = try index.table("where") {
                for name in filter.names { made.filter.append(.init(field: name, value: filter.value(name) ?? .null)) }
            }
            result.append(made)
            try index.finish()
        }
        return result
    }
}
