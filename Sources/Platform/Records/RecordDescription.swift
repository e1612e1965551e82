import Core

/// What a record type is, for who draws lists and forms of it, and for scripts that serve any type.
enum RecordDescription {
    /// - Parameter name: which of a field's names is told: the one in JSON, or its own.
    static func value(_ type: RecordType, _ principal: Principal, name: KeyPath<FieldDeclaration, String>) -> Value {
        func may(_ permission: String?) -> Value { .bool(permission.map(principal.may) ?? false) }
        var result: Object = [
            "type": .string(type.name), "plugin": .string(type.plugin), "title": .string(type.title),
            "path": type.path.map { .string("/api/\($0)") } ?? .null, "scope": type.branchScoped ? "branch" : "tenant",
            "soft_delete": .bool(type.softDelete), "append_only": .bool(type.appendOnly), "audit": .bool(type.audited),
            "fields": .array(type.fields.map { describe($0, name) }),
            "views": ["list": .array(type.listFields.map(Value.string))],
            "number": type.number.map { ["field": .string($0.field), "series": .string($0.series)] } ?? .null,
            "permissions": .object(Object(type.permissions.all.map { ($0.name, $0.permission.map(Value.string) ?? .null) })),
            "may": [
                "create": may(type.permissions.create), "update": type.appendOnly ? false : may(type.permissions.update),
                "delete": type.appendOnly ? false : may(type.permissions.delete),
            ],
        ]
        result["state"] = type.state.map { state in
            [
                "field": .string(state.field), "initial": .string(state.initial),
                "moves": .array(state.moves.map { move in
                    [
                        "from": .string(move.from), "to": .string(move.to), "title": move.title.map(Value.string) ?? .null,
                        "permission": (move.permission ?? type.permissions.update).map(Value.string) ?? .null,
                        "may": may(move.permission ?? type.permissions.update), "post": .bool(move.posts), "void": .bool(move.voids),
                    ]
                }),
            ]
        } ?? .null
        return .object(result)
    }

    private static func describe(_ field: FieldDeclaration, _ name: KeyPath<FieldDeclaration, String>) -> Value {
        var result: Object = [
            "name": .string(field[keyPath: name]), "kind": .string(field.kind.rawValue), "title": .string(field.title ?? field.name),
            "description": .string(field.summary), "required": .bool(field.required), "unique": .bool(field.unique),
            "readonly": .bool(field.readOnly), "default": field.fallback ?? .null,
        ]
        if let minimum = field.minimum { result["min"] = .decimal(minimum) }
        if let maximum = field.maximum { result["max"] = .decimal(maximum) }
        if field.kind == .decimal || field.kind == .percent { result["places"] = .int(Int64(field.places)) }
        if let pattern = field.pattern { result["pattern"] = .string(pattern.source) }
        if !field.values.isEmpty { result["values"] = .array(field.values.map(Value.string)) }
        if let permission = field.permission { result["permission"] = .string(permission) }
        if !field.mediaTypes.isEmpty { result["types"] = .array(field.mediaTypes.map(Value.string)) }
        if let target = field.target, field.kind != .file { result["to"] = .string(target) }
        if let example = field.example { result["example"] = example }
        if !field.fields.isEmpty { result["fields"] = .array(field.fields.map { describe($0, name) }) }
        return .object(result)
    }
}
