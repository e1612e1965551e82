import Core
import Storage

/// The REST interface of a record type: list, read, create, update, delete under `/api/<path>`.
enum RecordEndpoints {
    static let id = Endpoint.Documentation.Parameter("id", .integer(minimum: 1), "The record's id.")

    static func endpoints(of type: RecordType) -> [Endpoint] {
        guard let path = type.path, let read = type.readPermission else { return [] }
        let collection = PathTemplate("/api/\(path)")
        let item = PathTemplate("/api/\(path)/{id}")
        let shape = type.outputSchema
        var endpoints = [
            Endpoint(
                .get, collection, access: .permission(read), execution: .read,
                documentation: .init(
                    "List: \(type.title)", tag: type.plugin,
                    query: [
                        .init("limit", .integer(minimum: 1, maximum: 200), "How many at most; 50 if left out."),
                        .init("cursor", .string(maxLength: 2_000), "Where the last answer ended: its next_cursor."),
                        .init("sort", .string(maxLength: 200), "Fields, id, created_at or updated_at, with commas between; with - before it for descending."),
                    ] + deletedParameter(type) + type.fields.filter { type.table.column($0.name)?.isSearchable == true }.map {
                        .init($0.jsonName, .string(maxLength: 500), "Only those with this \($0.jsonName); with .ne, .lt, .lte, .gt, .gte, .in or .begins after the name for other comparisons.")
                    },
                    replies: [
                        .init(200, "The records", .object([
                            .init("items", .array(.object(shape)), required: true), .init("next_cursor", .nullable(.string()), required: true),
                        ]))
                    ])
            ) { call in try list(type, call) },
            Endpoint(
                .get, item, access: .permission(read), execution: .read,
                documentation: .init("Read: \(type.title)", tag: type.plugin, pathParameters: [id], replies: [.init(200, "The record", .object(shape))])
            ) { call in
                let (scope, record) = try find(type, call)
                return Reply(200, type.json(try scope.records.revealing(type, record, to: call.principal)), headers: [("ETag", etag(record))])
            },
        ]
        endpoints += csv(of: type, path: path) + moves(of: type, path: path, shape: shape) + restore(of: type, path: path, shape: shape)
        let input = type.fields.filter { !$0.readOnly }
        if let permission = type.permissions.create { endpoints.append(
            Endpoint(
                .post, collection, access: .permission(permission), execution: .write,
                documentation: .init(
                    "Create: \(type.title)", tag: type.plugin, input: .object(input.map(\.member)),
                    replies: [.init(201, "The new record", .object(shape))])
            ) { call in
                let scope = try RunScope(call)
                let values = call.body.named(input)
                try requireMembership(type, values, call)
                scope.allow(lines: values.reduce(0) { $0 + ($1.value.array?.count ?? 0) })
                let id = try RecordChanges(scope).create(type, values)
                try RecordRules.keep(scope)
                let record = try scope.records.find(type, id: id) ?? Object()
                try requireVisible(type, record, to: call.principal)
                return Reply(201, type.json(record), headers: [("Location", "/api/\(path)/\(id)"), ("ETag", etag(record))])
            }) }
        if type.appendOnly { return endpoints }
        let changes = input.map { field in
            // Null reaches the record's own check, which says so where a field cannot be empty.
            Schema.Member(field.jsonName, .nullable(field.schema), field.summary, example: field.example)
        }
        if let permission = type.permissions.update { endpoints.append(
            Endpoint(
                .patch, item, access: .permission(permission), execution: .write,
                documentation: .init(
                    "Change: \(type.title)", tag: type.plugin, pathParameters: [id], input: .object(changes),
                    replies: [.init(200, "The changed record", .object(shape))])
            ) { call in
                let (scope, record) = try find(type, call)
                // A field that is there as null is set to nothing.
                let values = call.body.named(input)
                try requireMatch(type, record, call)
                try requireMembership(type, values, call)
                scope.allow(lines: values.reduce(0) { $0 + ($1.value.array?.count ?? 0) })
                let id = record["id"]?.int ?? 0
                _ = try RecordChanges(scope).update(type, id: id, values)
                let changed = try scope.records.find(type, id: id) ?? Object()
                try requireVisible(type, changed, to: call.principal)
                return Reply(200, type.json(changed), headers: [("ETag", etag(changed))])
            }) }
        if let permission = type.permissions.delete { endpoints.append(
            Endpoint(
                .delete, item, access: .permission(permission), execution: .write,
                documentation: .init("Delete: \(type.title)", tag: type.plugin, pathParameters: [id], replies: [.init(204, "Deleted")])
            ) { call in
                let (scope, record) = try find(type, call)
                try requireMatch(type, record, call)
                try RecordChanges(scope).delete(type, id: record["id"]?.int ?? 0)
                return .noContent
            }) }
        return endpoints
    }

    private static func deletedParameter(_ type: RecordType) -> [Endpoint.Documentation.Parameter] {
        type.softDelete ? [.init("deleted", .boolean, "true: those that were deleted and can be brought back.")] : []
    }

    /// The record of the path, when the caller may see it: a record of another branch is not there.
    static func find(_ type: RecordType, _ call: Call, deleted: Bool = false) throws -> (RunScope, Object) {
        let scope = try RunScope(call)
        let id = try call.id()
        guard let record = try scope.records.find(type, id: id, deleted: deleted) else { throw Problem.noRecord(type, id) }
        guard isVisible(type, record, to: call.principal) else { throw Problem.noRecord(type, id) }
        return (scope, record)
    }

    /// Who sees some branches only, sees records of those, and none that belong to no branch.
    static func isVisible(_ type: RecordType, _ record: Object, to principal: Principal) -> Bool {
        guard type.branchScoped, principal.branchIDs != nil else { return true }
        return record["branch"]?.int.map(principal.isMember) ?? false
    }

    /// Refuses, and so undoes, what would put a record where who asks does not see it.
    static func requireVisible(_ type: RecordType, _ record: Object, to principal: Principal) throws {
        guard !isVisible(type, record, to: principal) else { return }
        guard let branch = record["branch"]?.int else {
            throw Problem(403, "auth.not_member", "You work in some branches only, so this \(type.title.lowercased()) must be of one of them.", field: "branch")
        }
        try Authorization.requireMembership(principal, branch: branch)
    }

    /// Records of a branch are made, and put there, by its members.
    private static func requireMembership(_ type: RecordType, _ values: Object, _ call: Call) throws {
        guard type.branchScoped, let branch = values["branch"]?.int else { return }
        try Authorization.requireMembership(call.principal, branch: branch)
    }

    /// Refuses to write over what the caller has not seen; without `If-Match` the last write wins.
    static func requireMatch(_ type: RecordType, _ record: Object, _ call: Call) throws {
        guard let wanted = call.ifMatch, wanted != "*" else { return }
        let tags = wanted.split(separator: ",").map { $0.drop { $0 == " " } }
        guard !tags.contains(where: { $0.hasSuffix(etag(record)) && ($0.hasPrefix("\"") || $0.hasPrefix("W/")) }) else { return }
        throw Problem(
            412, "record.version_conflict", "The \(type.title.lowercased()) has been changed since you read it. Read it again.",
            extra: [("version", record["version"] ?? .null)])
    }

    private static func list(_ type: RecordType, _ call: Call) throws -> Reply {
        let scope = try RunScope(call)
        var query = RecordQuery()
        var sort = ""
        var cursor: String?
        for (name, text) in call.query {
            switch name {
            case "limit":
                guard let limit = Int(text), (1...200).contains(limit) else {
                    throw Problem(422, "request.invalid", "“limit” must be from 1 to 200.", field: "limit")
                }
                query.limit = limit
            case "sort":
                sort = text
                query.order = try order(text, type)
            case "deleted" where type.softDelete:
                guard text == "true" || text == "false" else {
                    throw Problem(422, "request.invalid", "“deleted” must be true or false.", field: "deleted")
                }
                query.deleted = text == "true"
            case "cursor":
                cursor = text
            default:
                try query.condition(name, text, type)
            }
        }
        if type.branchScoped, let branches = call.principal.branchIDs {
            try query.filter(["branch": ["in": .array(branches.sorted().map(Value.int))]])
        }
        query.after = try cursor.map { try Self.keys(of: $0, sort: sort) }
        query.limit += 1
        var rows = try scope.records.list(type, query)
        var next: Value = .null
        if rows.count == query.limit {
            rows.removeLast()
            if let last = rows.last {
                let keys = (query.order.map(\.field) + ["id"]).map { last[$0] ?? .null }
                next = .string(Base64URL.encode(JSON.serialize(.array([.string(sort)] + keys))))
            }
        }
        return Reply(200, ["items": .array(rows.map(type.json)), "next_cursor": next])
    }

    /// `-business_date,number` as the order of a query.
    static func order(_ text: String, _ type: RecordType) throws -> [(field: String, descending: Bool)] {
        var order: [(field: String, descending: Bool)] = []
        for word in text.split(separator: ",") {
            let descending = word.hasPrefix("-")
            let name = descending ? String(word.dropFirst()) : String(word)
            let field = type.fields.first { $0.jsonName == name }?.name ?? name
            if order.count == 5 || order.contains(where: { $0.field == field }) {
                throw Problem(422, "request.invalid", "“sort” takes at most five fields, each once.", field: "sort")
            }
            // Nothing comes after the id in an order, as no two are the same; ascending it ends every order anyway.
            if field == "id", !descending { break }
            order.append((field, descending))
            if field == "id" { break }
        }
        return order
    }

    /// The values after which a page begins. A cursor serves the order for which it was given.
    private static func keys(of cursor: String, sort: String) throws -> [Value] {
        guard let bytes = Base64URL.decode(cursor), case .array(let keys)? = try? JSON.parse(bytes), keys.first == .string(sort) else {
            throw Problem(422, "request.invalid", "“cursor” is not one that this list has given in this order.", field: "cursor")
        }
        return Array(keys.dropFirst())
    }

    static func etag(_ record: Object) -> String {
        "\"\(record["version"]?.int ?? 0)\""
    }
}

extension RecordQuery {
    /// A condition from a query string: `price.gt=100`, `sku.in=A,B`, `active=true`.
    mutating func condition(_ name: String, _ text: String, _ type: RecordType) throws {
        let parts = name.split(separator: ".", maxSplits: 1)
        let given = parts.first.map(String.init) ?? ""
        let declared = type.fields.first { $0.jsonName == given && type.table.column($0.name)?.isSearchable == true }
        guard let field = declared ?? RecordType.systemField(given) else {
            throw Problem(422, "request.invalid", "“\(name)” is not a field of this list.", field: name)
        }
        let word = parts.count > 1 ? String(parts[1]) : "eq"
        guard let op = Operator(named: word) else {
            throw Self.wrong("“\(word)” is not an operator; there are \(Operator.allCases.map(\.rawValue).joined(separator: ", "))", field.name)
        }
        func value(_ text: some StringProtocol) -> Value {
            switch field.kind {
            case .integer, .ref, .file, .money: Int64(text).map(Value.int) ?? .string(String(text))
            case .boolean: text == "true" ? true : text == "false" ? false : .string(String(text))
            default: .string(String(text))
            }
        }
        let wanted: Value = op == .isIn ? .array(text.split(separator: ",").map { value($0) }) : value(text)
        conditions.append(Condition(field: field.name, op: op, value: wanted))
    }
}

extension RecordType {
    /// What every record has beside its declared fields, as a field to look for.
    static func systemField(_ name: String) -> FieldDeclaration? {
        switch name {
        case "id", "version", "created_by": FieldDeclaration(name: name, kind: .integer)
        case "created_at", "updated_at": FieldDeclaration(name: name, kind: .instant)
        default: nil
        }
    }

    /// A row as REST gives it: fields under their JSON names, and the currency beside money.
    func json(_ record: Object) -> Value {
        var result = Object()
        result.append("id", record["id"] ?? .null)
        for field in fields {
            guard let value = record[field.name] else { continue }
            result.append(field.jsonName, field.kind == .lines ? .array((value.array ?? []).map { $0.projected(field.fields) }) : value)
        }
        if let currency = currency(in: record) { result.append("currency", .string(currency)) }
        for name in ["version", "created_at", "created_by", "updated_at"] { result.append(name, record[name] ?? .null) }
        return .object(result)
    }

    private func currency(in record: Object) -> String? {
        for (_, value) in record {
            if case .money(let money) = value { return money.currency.code }
        }
        return nil
    }

    var outputSchema: [Schema.Member] {
        var members = [Schema.Member("id", .integer(minimum: 1), required: true)]
        for field in fields {
            let schema = field.isNeverEmpty || field.kind == .lines ? field.schema : .nullable(field.schema)
            members.append(Schema.Member(field.jsonName, schema, field.summary, example: field.example))
        }
        if fields.contains(where: { $0.kind == .money }) { members.append(Schema.Member("currency", .string())) }
        members.append(Schema.Member("version", .integer(minimum: 1), required: true))
        members.append(Schema.Member("created_at", .instant, required: true))
        members.append(Schema.Member("created_by", .integer(minimum: 0), required: true))
        members.append(Schema.Member("updated_at", .instant, required: true))
        return members
    }
}

extension Value {
    /// A checked body as a record's values: under the fields' own names.
    func named(_ fields: [FieldDeclaration]) -> Object {
        var values = Object()
        for field in fields {
            guard let value = self[field.jsonName] else { continue }
            values[field.name] = field.kind == .lines ? .array((value.array ?? []).map { .object($0.named(field.fields)) }) : value
        }
        return values
    }
}
