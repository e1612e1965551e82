import Core
import Platform

/// The OpenAPI 3.1 document of a list of endpoints: the same list that the router serves, so neither can know more.
package enum OpenAPIDocument {
    /// - Parameter endpoints: in any order; paths come out in the order in which they first appear.
    package static func make(title: String, version: String, endpoints: [Endpoint]) -> Value {
        var paths = Object()
        var order: [String] = []
        var items: [String: Object] = [:]
        var tags: [String] = []
        for endpoint in endpoints {
            let path = endpoint.path.openAPI
            if items[path] == nil { order.append(path) }
            items[path, default: Object()][endpoint.method.rawValue.lowercased()] = operation(endpoint)
            if !tags.contains(endpoint.documentation.tag) { tags.append(endpoint.documentation.tag) }
        }
        for path in order { paths.append(path, .object(items[path] ?? Object())) }
        return .object([
            "openapi": .string("3.1.0"),
            "info": .object(["title": .string(title), "version": .string(version)]),
            "tags": .array(tags.sorted().map { .object(["name": .string($0)]) }),
            "paths": .object(paths),
            "components": components,
        ])
    }

    private static func operation(_ endpoint: Endpoint) -> Value {
        let documentation = endpoint.documentation
        var operation: Object = [
            "operationId": .string(endpoint.operationID), "summary": .string(documentation.summary),
            "tags": .array([.string(documentation.tag)]),
        ]
        var parameters: [Value] = []
        for segment in endpoint.path.segments {
            let name: String
            var note = ""
            switch segment {
            case .literal: continue
            case .parameter(let text): name = text
            case .rest(let text):
                name = text
                note = "One or more path segments. "
            }
            let usual = Schema.string(minLength: 1, maxLength: note.isEmpty ? 255 : 1_000)
            let known = documentation.pathParameters.first { $0.name == name }
            parameters.append(
                parameter(name, "path", known?.schema ?? usual, note + (known?.summary ?? ""), required: true))
        }
        for query in documentation.query {
            parameters.append(parameter(query.name, "query", inTarget(query.schema), query.summary))
        }
        if endpoint.idempotency != .none {
            parameters.append(
                parameter(
                    "Idempotency-Key", "header", .string(minLength: 1, maxLength: 255),
                    "The same key with the same body answers what the first call answered.",
                    required: endpoint.idempotency == .required))
        }
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if let input = documentation.input {
            operation["requestBody"] = .object([
                "required": .bool(true),
                "content": .object(["application/json": .object(["schema": input.openAPI, "example": input.example])]),
            ])
        } else if case .bytes(let types) = endpoint.accepts {
            var content = Object()
            for type in types { content[type] = .object([:]) }
            operation["requestBody"] = .object(["required": .bool(true), "content": .object(content)])
        }
        operation["responses"] = responses(endpoint)
        switch endpoint.access {
        case .anyone: operation["security"] = .array([])
        case .signedIn, .operator: operation["security"] = security
        case .permission(let name):
            operation["security"] = security
            operation["x-permission"] = .string(name)
        }
        operation["x-rate-class"] = .string(endpoint.rateClass.rawValue)
        return .object(operation)
    }

    /// Text without a limit of its own is limited by the target that it must fit into, beside others.
    private static func inTarget(_ schema: Schema) -> Schema {
        guard case .string(let minimum, let maximum, let allowed, let pattern) = schema, maximum > 500 else { return schema }
        return .string(minLength: minimum, maxLength: 500, allowed: allowed, pattern: pattern)
    }

    private static func parameter(
        _ name: String, _ place: String, _ schema: Schema, _ summary: String, required: Bool = false
    ) -> Value {
        var object: Object = ["name": .string(name), "in": .string(place), "required": .bool(required)]
        if !summary.isEmpty { object["description"] = .string(summary) }
        object["schema"] = schema.openAPI
        object["example"] = schema.example
        return .object(object)
    }

    private static func responses(_ endpoint: Endpoint) -> Value {
        var responses = Object()
        for reply in endpoint.documentation.replies {
            // One status may be answered in several media types.
            var response = responses[String(reply.status)]?.object ?? ["description": .string(reply.summary)]
            var content = response["content"]?.object ?? Object()
            if reply.status >= 400, reply.schema == nil {
                content = problemContent
            } else if let schema = reply.schema {
                content[reply.contentType] = .object(["schema": schema.openAPI, "example": schema.example])
            } else if reply.status != 204, reply.contentType != "application/json" {
                content[reply.contentType] = .object([:])
            }
            if !content.isEmpty { response["content"] = .object(content) }
            responses[String(reply.status)] = .object(response)
        }
        if endpoint.documentation.replies.isEmpty { responses["200"] = .object(["description": .string("Done.")]) }
        for status in endpoint.problemStatuses where responses[String(status)] == nil {
            responses[String(status)] = .object(["$ref": .string("#/components/responses/Problem\(status)")])
        }
        return .object(responses)
    }

    private static let problemContent: Object = [
        "application/problem+json": .object(["schema": .object(["$ref": .string("#/components/schemas/Problem")])])
    ]

    private static let security: Value = .array([.object(["token": .array([])]), .object(["session": .array([])])])

    private static let problems: [(status: Int, text: String)] = [
        (400, "The request is malformed."), (401, "Nobody is signed in."), (403, "The caller may not do this."),
        (404, "There is no such thing here."), (409, "The state of things does not allow it."),
        (413, "The body is too large."), (415, "The body has the wrong type."),
        (414, "The request's target is too long."),
        (422, "The request was understood and refused."), (423, "It is locked."),
        (429, "Too many requests; Retry-After says when to come back."), (500, "A fault; the reference finds it in the log."),
        (431, "The request's head is too large."),
        (503, "Not now; trying again is safe."),
    ]

    private static var components: Value {
        var responses = Object()
        for problem in problems {
            responses["Problem\(problem.status)"] = .object([
                "description": .string(problem.text),
                "content": .object(problemContent),
            ])
        }
        return .object([
            "schemas": .object([
                "Decimal": .object([
                    "description": .string("An exact number: a string, or an integer on the way in."),
                    "anyOf": .array([
                        .object(["type": .string("string"), "pattern": .string(#"^-?[0-9]+(\.[0-9]+)?$"#)]),
                        .object(["type": .string("integer"), "format": .string("int64")]),
                    ]),
                ]),
                "Money": .object([
                    "description": .string("Minor units of the currency beside it, or of the tenant."),
                    "type": .string("integer"), "format": .string("int64"),
                ]),
                "Problem": .object([
                    "description": .string("RFC 9457 problem details."), "type": .string("object"),
                    "properties": .object([
                        "type": .object(["type": .string("string")]),
                        "title": .object(["type": .string("string")]),
                        "status": .object(["type": .string("integer")]),
                        "code": .object([
                            "type": .string("string"), "description": .string("Stable; programs branch on it."),
                        ]),
                        "detail": .object(["type": .string("string")]),
                        "field": .object(["type": .string("string")]),
                        "request_id": .object(["type": .string("string")]),
                    ]),
                    "required": .array([.string("type"), .string("status"), .string("code"), .string("request_id")]),
                ]),
            ]),
            "responses": .object(responses),
            "securitySchemes": .object([
                "token": .object(["type": .string("http"), "scheme": .string("bearer")]),
                "session": .object([
                    "type": .string("apiKey"), "in": .string("cookie"), "name": .string("__Host-kontor"),
                ]),
            ]),
        ])
    }
}

extension PathTemplate {
    /// As OpenAPI writes it: a rest is a parameter like others.
    package var openAPI: String {
        segments.isEmpty
            ? "/"
            : segments.map { segment in
                switch segment {
                case .literal(let text): "/\(text)"
                case .parameter(let name), .rest(let name): "/{\(name)}"
                }
            }.joined() + (description.count > 1 && description.hasSuffix("/") ? "/" : "")
    }
}

extension Endpoint {
    /// Unique among endpoints that share no method and path: `get_api_things_id`.
    package var operationID: String {
        var text = method.rawValue.lowercased()
        for segment in path.segments {
            switch segment {
            case .literal(let word): text += "_" + word
            case .parameter(let name), .rest(let name): text += "_by_" + name
            }
        }
        return String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    /// The statuses with which it may refuse, beyond those that it documents itself.
    fileprivate var problemStatuses: [Int] {
        var statuses = [400, 403, 414, 431]
        if access != .anyone { statuses.append(401) }
        if method != .get { statuses += [409, 413, 415] }
        // Whatever is named may be named wrongly, or not be there.
        if method != .get || !documentation.query.isEmpty || !path.parameterNames.isEmpty { statuses += [404, 422] }
        if method != .get { statuses.append(423) }
        if rateClass != .unlimited { statuses.append(429) }
        return statuses.sorted() + [500, 503]
    }
}
