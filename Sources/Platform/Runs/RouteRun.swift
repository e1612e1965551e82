import Core
import Scripting

/// Runs a plugin's route for a call: reads the input by its declaration, runs the script, shapes the output by its declaration.
enum RouteRun {
    static func answer(_ route: RouteDeclaration, _ call: Call) throws -> Reply {
        let scope = try RunScope(call)
        let reading = route.method == .get
        scope.limits = reading ? .read : .route
        scope.scriptLimits = reading ? .read : .request
        if route.input != nil {
            let lines = call.body.object?.reduce(0) { $0 + ($1.value.array?.count ?? 0) } ?? 0
            scope.allow(lines: lines)
        }
        let prepared = call.scriptArguments
        let request = prepared == nil ? try Self.request(route, call, scope.tenant.currency) : nil
        let package = scope.revision.plugins.package(route.plugin)
        let run = HostRun(scope, phase: reading ? .read : .route, package: package)
        let body = try ScriptCall.run(
            route.program, "run", run, arguments: { writer in
                if let prepared { prepared.withUnsafeBytes { writer.raw($0) } }
                if let request { writer.write(request) }
            },
            result: { reader in
                if let shape = route.outputShape { return try FlatProjection.json(&reader, shape) }
                var json = JSONWriter()
                if reader.readNull() { json.value(.object(Object())) } else { try reader.writeJSON(into: &json) }
                return json.bytes
            })
        if !reading { try RecordRules.keep(scope) }
        try RequestRecording.note(route, call, scope)
        return Reply(route.status, bytes: body, contentType: "application/json")
    }

    /// Makes the script's argument before the call's turn. What is wrong with the parameters is told in the turn, where a
    /// refusal is kept under the call's key.
    static func prepare(_ route: RouteDeclaration, _ call: Call) {
        guard let currency = call.tenant?.currency, let request = try? request(route, call, currency) else { return }
        call.scriptArguments = Flat.bytes { $0.write(request) }
    }

    /// What the script gets: `params`, `query` and `body`.
    private static func request(_ route: RouteDeclaration, _ call: Call, _ currency: Currency) throws -> Object {
        var request = Object()
        request["params"] = .object(try parameters(route.parameters, in: call.parameters.map { ($0.key, $0.value) }, currency))
        request["query"] = .object(try parameters(route.query, in: call.query.map { ($0.name, $0.value) }, currency))
        if let input = route.input { request["body"] = call.body.filled(input, currency) }
        return request
    }

    /// Path and query parameters as their declared kinds.
    private static func parameters(_ fields: [FieldDeclaration], in given: [(String, String)], _ currency: Currency) throws -> Object {
        var values = Object()
        for (name, text) in given {
            guard let field = fields.first(where: { $0.jsonName == name }) else {
                values[name] = .string(text)
                continue
            }
            switch field.kind {
            case .integer, .ref, .file, .money: values[name] = Int64(text).map(Value.int) ?? .string(text)
            case .boolean: values[name] = text == "true" ? true : text == "false" ? false : .string(text)
            default: values[name] = .string(text)
            }
        }
        let unknown = values.filter { key, _ in !fields.contains { $0.jsonName == key } }
        guard unknown.isEmpty else {
            throw Problem.invalid(unknown.map { Schema.Fault(field: $0.key, code: "unknown", message: "is not a parameter of this route") })
        }
        return try Schema.object(fields.map(\.member)).read(.object(values), currency: currency).filled(fields, currency).object
            ?? Object()
    }
}

extension Value {
    /// With the defaults of absent fields, and fields under their own names where JSON calls them otherwise.
    func filled(_ fields: [FieldDeclaration], _ currency: Currency) -> Value {
        guard case .object(let object) = self else { return self }
        var result = Object()
        result.reserveCapacity(fields.count)
        // By index: a declaration is large, and copying one counts many references.
        for index in fields.indices {
            guard let value = object[fields[index].jsonName], value != .null else {
                switch fields[index].fallback {
                case .int(let minor) where fields[index].kind == .money:
                    result.append(fields[index].name, .money(Money(minor: minor, currency)))
                case let fallback?: result.append(fields[index].name, fallback)
                case nil: break
                }
                continue
            }
            switch fields[index].kind {
            case .list where !fields[index].fields.isEmpty, .lines:
                result.append(fields[index].name, .array((value.array ?? []).map { $0.filled(fields[index].fields, currency) }))
            case .object where !fields[index].fields.isEmpty:
                result.append(fields[index].name, value.filled(fields[index].fields, currency))
            default: result.append(fields[index].name, value)
            }
        }
        return .object(result)
    }

    /// The declared fields in their order, under their JSON names; what is not declared stays inside.
    func projected(_ fields: [FieldDeclaration]) -> Value {
        guard case .object(let object) = self else { return self == .null ? .object(Object()) : self }
        var result = Object()
        for field in fields {
            let value = object[field.name] ?? .null
            switch field.kind {
            case .list where !field.fields.isEmpty, .lines:
                result.append(field.jsonName, .array((value.items ?? []).map { $0.projected(field.fields) }))
            case .list: result.append(field.jsonName, .array(value.items ?? []))
            case .object where !field.fields.isEmpty && value != .null: result.append(field.jsonName, value.projected(field.fields))
            default: result.append(field.jsonName, value)
            }
        }
        return .object(result)
    }
}
