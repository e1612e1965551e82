import Core
import Scripting
import Storage

/// `POST /api/<path>/import` and `GET /api/<path>/export`: records as comma-separated values, under their JSON names.
extension RecordEndpoints {
    static func csv(of type: RecordType, path: String) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        if let read = type.permissions.read {
            endpoints.append(
                Endpoint(
                    .get, PathTemplate("/api/\(path)/export"), access: .permission(read), execution: .read, rateClass: .analytics,
                    documentation: .init(
                        "Export as CSV: \(type.title)", tag: type.plugin,
                        query: [.init("sort", .string(maxLength: 200), "As of the list. Its filters are taken too.")],
                        replies: [.init(200, "One row for each record", nil, contentType: "text/csv")])
                ) { call in try export(type, call) })
        }
        guard let create = type.permissions.create else { return endpoints }
        endpoints.append(
            Endpoint(
                .post, PathTemplate("/api/\(path)/import"), access: .permission(create), execution: .worker, idempotency: .accepted,
                bodyLimit: 4 << 20, accepts: .bytes(["text/csv"]),
                documentation: .init(
                    "Import CSV: \(type.title)", tag: type.plugin,
                    query: [
                        .init("dry_run", .boolean, "true: tell what would happen, change nothing."),
                        .init("all_or_nothing", .boolean, "true: keep no row unless all are right; for at most \(RecordImport.mostWholeRows) rows."),
                    ],
                    replies: [
                        .init(200, "What became of each row", .object([
                            .init("created", .integer(minimum: 0), required: true), .init("updated", .integer(minimum: 0), required: true),
                            .init("failed", .integer(minimum: 0), required: true), .init("kept", .boolean, required: true, "Whether anything was kept."),
                            .init("rows", .array(.any, maxItems: RecordImport.mostRows), required: true),
                        ]))
                    ])
            ) { call in
                let isWhole = try flag("all_or_nothing", call)
                return try RecordImport(type, call, isDryRun: try flag("dry_run", call), isWhole: isWhole).carryOut(isWhole: isWhole)
            })
        return endpoints
    }

    // MARK: Export

    private static func export(_ type: RecordType, _ call: Call) throws -> Reply {
        var query = RecordQuery(limit: 500)
        for (name, text) in call.query {
            switch name {
            case "sort": query.order = try order(text, type)
            default: try query.condition(name, text, type)
            }
        }
        if type.branchScoped, let branches = call.principal.branchIDs {
            try query.filter(["branch": ["in": .array(branches.sorted().map(Value.int))]])
        }
        try query.check(type)
        _ = try type.select(query)
        let first = query
        let columns = type.fields.map(\.jsonName)
        return Reply(
            200, contentType: "text/csv; charset=utf-8",
            headers: [("Content-Disposition", "attachment; filename=\"\(type.name).csv\"")]
        ) { call, put in
            let scope = try RunScope(call)
            var query = first
            try put(CSV.row(["id"] + columns + ["version", "created_at", "updated_at"]))
            while true {
                let rows = try scope.records.list(type, query, lines: !type.table.lines.isEmpty)
                var bytes: [UInt8] = []
                for row in rows {
                    var cells = [cell(row["id"])]
                    for field in type.fields { cells.append(cell(row[field.name])) }
                    bytes += CSV.row(cells + [cell(row["version"]), cell(row["created_at"]), cell(row["updated_at"])])
                }
                if !bytes.isEmpty { try put(bytes) }
                guard rows.count == query.limit, let last = rows.last else { return }
                query.after = (query.order.map(\.field) + ["id"]).map { last[$0] ?? .null }
            }
        }
    }

    static func cell(_ value: Value?) -> String {
        switch value {
        case nil, .null: ""
        case .string(let text): CSV.guarded(text)
        case .int(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .decimal(let number): number.description
        case .money(let money): String(money.minor)
        case let value?: value.description
        }
    }

    // MARK: Import

    private static func flag(_ name: String, _ call: Call) throws -> Bool {
        switch call.queryValue(name) {
        case nil, "false": return false
        case "true": return true
        default: throw Problem(422, "request.invalid", "“\(name)” must be true or false.", field: name)
        }
    }

    /// The fields that the columns are, nil for the id. Columns that an export has and nobody may set are passed over.
    static func header(_ names: [String], _ type: RecordType) throws -> [FieldDeclaration?] {
        var faults: [Schema.Fault] = []
        var fields: [FieldDeclaration?] = []
        for (index, name) in names.enumerated() {
            if names[..<index].contains(name) { faults.append(Schema.Fault(field: name, code: "duplicate", message: "is there twice")) }
            if name == "id" {
                fields.append(nil)
            } else if RecordTable.systemFields.contains(name) {
                fields.append(FieldDeclaration(name: name, kind: .function))
            } else if var field = type.fields.first(where: { $0.jsonName == name }) {
                if field.readOnly { field.kind = .function }
                fields.append(field)
            } else {
                faults.append(Schema.Fault(field: name, code: "unknown", message: "is not a field of this record"))
            }
        }
        guard faults.isEmpty else { throw Problem.invalid(faults) }
        return fields
    }

    /// A cell as JSON would have it; nil for an empty one.
    static func value(_ text: String, _ field: FieldDeclaration) throws -> Value? {
        if text.isEmpty { return nil }
        switch field.kind {
        case .integer, .ref, .file, .money: return Int64(text).map(Value.int) ?? .string(text)
        case .boolean: return text == "true" ? true : text == "false" ? false : .string(text)
        case .json, .lines:
            guard let value = try? JSON.parse(Array(text.utf8)) else {
                throw Problem(422, "request.invalid", "“\(field.jsonName)” must be JSON.", field: field.jsonName)
            }
            return value
        case .text: return .string(CSV.unguarded(text))
        default: return .string(text)
        }
    }
}
