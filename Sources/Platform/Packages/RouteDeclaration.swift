import Core
import Scripting

/// An HTTP endpoint of a plugin: `routes/<name>.lua`.
package final class RouteDeclaration: Sendable {
    package let plugin: String
    package let file: String
    package let method: Endpoint.Method
    package let path: PathTemplate
    package let permission: String
    package let summary: String
    /// The status of a good answer.
    package let status: Int
    package let parameters: [FieldDeclaration]
    package let query: [FieldDeclaration]
    /// nil when it takes no body.
    package let input: [FieldDeclaration]?
    package let output: [FieldDeclaration]?
    let outputShape: OutputShape?
    package let idempotencyRequired: Bool
    package let rateClass: RateClass
    /// Whether its requests are never recorded: what they bring is nobody's to read later.
    package let isConfidential: Bool
    package let program: Program

    package init(_ value: Value, plugin: String, file: String, program: Program) throws(DeclarationError) {
        let declaration = try Declaration(value, file: file)
        self.plugin = plugin
        self.file = file
        self.program = program
        guard let method = Endpoint.Method(rawValue: try declaration.requiredText("method")) else {
            throw declaration.wrong("method", "must be GET, POST, PUT, PATCH or DELETE")
        }
        self.method = method
        let text = try declaration.requiredText("path")
        guard text.hasPrefix("/api/") else { throw declaration.wrong("path", "must begin with /api/") }
        path = PathTemplate(text)
        permission = try declaration.requiredText("permission")
        summary = try declaration.text("summary") ?? "\(method.rawValue) \(text)"
        let status = try declaration.integer("status") ?? 200
        guard (200...299).contains(status) else { throw declaration.wrong("status", "must be from 200 to 299") }
        self.status = Int(status)
        var parameters = try FieldDeclaration.list(declaration, "params")
        query = try FieldDeclaration.list(declaration, "query")
        for parameter in parameters where !path.parameterNames.contains(parameter.name) {
            throw declaration.wrong("params", "names “\(parameter.name)”, which is not in the path")
        }
        // Those that are not declared are text.
        for name in path.parameterNames where !parameters.contains(where: { $0.name == name }) {
            var parameter = FieldDeclaration(name: name, kind: .text)
            parameter.required = true
            parameter.maximum = Decimal(200)
            parameters.append(parameter)
        }
        self.parameters = parameters
        input = declaration.value("input") == nil ? nil : try FieldDeclaration.list(declaration, "input")
        output = declaration.value("output") == nil ? nil : try FieldDeclaration.list(declaration, "output")
        for (member, fields) in [("input", input ?? []), ("output", output ?? []), ("query", query), ("params", parameters)] {
            for (index, field) in fields.enumerated() where field.kind == .encrypted {
                throw declaration.wrong("\(member)[\(index + 1)]", "(\(field.name)) is encrypted, which only records have; take text")
            }
        }
        outputShape = output.map(OutputShape.init)
        idempotencyRequired = try declaration.flag("idempotency_required")
        isConfidential = try declaration.flag("confidential")
        switch try declaration.text("rate") {
        case nil: rateClass = .standard
        case let word?:
            guard let known = RateClass(rawValue: word), known != .unlimited else {
                throw declaration.wrong("rate", "must be standard, analytics or trigger")
            }
            rateClass = known
        }
        guard let run = declaration.value("run"), run.isScriptFunction else {
            throw declaration.wrong("run", "must be a function")
        }
        try declaration.finish()
    }

    /// GET routes read, all others write in the lane.
    package var endpoint: Endpoint {
        var endpoint = Endpoint(
            method, path, access: .permission(permission), execution: method == .get ? .read : .write,
            idempotency: method == .get ? Endpoint.Idempotency.none : idempotencyRequired ? .required : .accepted,
            rateClass: rateClass,
            documentation: Endpoint.Documentation(
                summary, tag: plugin,
                query: query.map { .init($0.jsonName, $0.schema, $0.summary) },
                pathParameters: parameters.map { .init($0.name, $0.schema, $0.summary) },
                input: input.map { .object($0.map(\.member)) },
                replies: [.init(status, "Done", output.map { .object($0.map(\.member)) })])
        ) { [self] call in try RouteRun.answer(self, call) }
        endpoint.prepare = { [self] call in RouteRun.prepare(self, call) }
        return endpoint
    }
}
