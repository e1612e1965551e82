import Core
import Scripting
import Storage

/// `POST /api/<path>/import` and `GET /api/<path>/export`: records as comma-separated values, under their JSON names.
extension RecordEndpoints {
    /// The most rows of one import: they share one turn of the lane.
    private static let importRows = 2_000

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
                .post, PathTemplate("/api/\(path)/import"), access: .permission(create), execution: .write, bodyLimit: 4 << 20,
                accepts: .bytes(["text/csv"]),
                documentation: .init(
                    "Import CSV: \(type.title)", tag: type.plugin,
                    query: [
                        .init("dry_run", .boolean, "true: tell what would happen, change nothing."),
                        .init("all_or_nothing", .boolean, "true: keep no row unless all are right."),
                    ],
                    replies: [
                        .init(200, "What became of each row", .object([
                            .init("created", .integer(minimum: 0), required: true), .init("updated", .integer(minimum: 0), required: true),
                            .init("failed", .integer(minimum: 0), required: true), .init("kept", .boolean, required: true, "Whether anything was kept."),
                            .init("rows", .array(.any, maxItems: importRows), required: true),
                        ]))
                    ])
            ) { call in try load(type, call) })
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

    private static func cell(_ value: Value?) -> String {
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

    /// Nothing of it stays.
    private struct Undone: Error {}

    private static func load(_ type: RecordType, _ call: Call) throws -> Reply {
        let isDryRun = try flag("dry_run", call), isWhole = try flag("all_or_nothing", call)
        let rows: [CSV.Row]
        do {
            rows = try CSV.parse(call.bodyBytes, limit: importRows + 1)
        } catch {
            throw Problem(422, "request.invalid", "Line \(error.line) of the file \(error.message).")
        }
        guard let names = rows.first?.cells else { throw Problem(422, "request.invalid", "The file is empty; its first row names the fields.") }
        let fields = try header(names, type)
        if fields.contains(where: { $0 == nil }), type.permissions.update.map(call.principal.may) != true || type.appendOnly {
            throw Problem(403, "auth.forbidden", "The file has a column id, and you may not change these records.")
        }
        let scope = try RunScope(call)
        scope.allow(lines: rows.count * (1 + type.table.lines.count))
        var verdicts: [Value] = []
        var counts = (created: 0, updated: 0, failed: 0)
        var isKept = !isDryRun
        do {
            try call.database.savepoint {
                for row in rows.dropFirst() { verdicts.append(try verdict(row, names, fields, type, scope, call, &counts)) }
                if isDryRun || isWhole && counts.failed > 0 { throw Undone() }
            }
        } catch is Undone {
            isKept = false
        }
        return Reply(
            200,
            [
                "created": .int(Int64(counts.created)), "updated": .int(Int64(counts.updated)), "failed": .int(Int64(counts.failed)),
                "kept": .bool(isKept), "rows": .array(verdicts),
            ])
    }

    private static func flag(_ name: String, _ call: Call) throws -> Bool {
        switch call.queryValue(name) {
        case nil, "false": return false
        case "true": return true
        default: throw Problem(422, "request.invalid", "“\(name)” must be true or false.", field: name)
        }
    }

    /// The fields that the columns are, nil for the id. Columns that an export has and nobody may set are passed over.
    private static func header(_ names: [String], _ type: RecordType) throws -> [FieldDeclaration?] {
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

    private static func verdict(
        _ row: CSV.Row, _ names: [String], _ fields: [FieldDeclaration?], _ type: RecordType, _ scope: RunScope, _ call: Call,
        _ counts: inout (created: Int, updated: Int, failed: Int)
    ) throws -> Value {
        do {
            guard row.cells.count == fields.count else {
                throw Problem(422, "request.invalid", "The row has \(row.cells.count) cells, the first one has \(fields.count).")
            }
            var id: Int64?
            var values = Object()
            for (field, text) in zip(fields, row.cells) {
                guard let field else {
                    if text.isEmpty { continue }
                    guard let number = Int64(text), number > 0 else { throw Problem(422, "request.invalid", "“id” must be a number.", field: "id") }
                    id = number
                    continue
                }
                if field.kind == .function { continue }
                if let value = try value(text, field) { values[field.jsonName] = value } else if id != nil, !field.isNeverEmpty { values[field.jsonName] = .null }
            }
            let checked = try Schema.object(type.fields.filter { !$0.readOnly }.map { field in
                Schema.Member(field.jsonName, .nullable(field.schema), required: id == nil && field.required && field.fallback == nil)
            }).read(.object(values), currency: scope.tenant.currency).named(type.fields)
            let done = try call.database.savepoint {
                if let branch = checked["branch"]?.int, type.branchScoped { try Authorization.requireMembership(call.principal, branch: branch) }
                guard let id else { return try RecordChanges(scope).create(type, checked) }
                if type.branchScoped, let branch = try scope.records.find(type, id: id)?["branch"]?.int, !call.principal.isMember(of: branch) {
                    throw Problem.noRecord(type, id)
                }
                _ = try RecordChanges(scope).update(type, id: id, checked)
                return id
            }
            if id == nil { counts.created += 1 } else { counts.updated += 1 }
            return ["line": .int(Int64(row.line)), "status": id == nil ? "created" : "updated", "id": .int(done)]
        } catch {
            if let fault = error as? ScriptFault, fault.verdict.isLimit { throw error }
            guard let problem = (error as? any ProblemConvertible)?.problem, problem.status < 500 else { throw error }
            counts.failed += 1
            let errors = problem.extra.first { $0.0 == "errors" }?.1
                ?? .array([["field": problem.field.map(Value.string) ?? .null, "code": .string(problem.code), "message": .string(problem.detail)]])
            return ["line": .int(Int64(row.line)), "status": "failed", "code": .string(problem.code), "errors": errors]
        }
    }

    /// A cell as JSON would have it; nil for an empty one.
    private static func value(_ text: String, _ field: FieldDeclaration) throws -> Value? {
        if text.isEmpty { return nil }
        switch field.kind {
        case .integer, .ref, .money: return Int64(text).map(Value.int) ?? .string(text)
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
