import Core
import Platform

extension Schema {
    /// The JSON Schema (2020-12, as OpenAPI 3.1 wants it) of the shape.
    package var openAPI: Value {
        switch self {
        case .string(let minimum, let maximum, let allowed, let pattern):
            var object: Object = ["type": .string("string")]
            if !allowed.isEmpty {
                object["enum"] = .array(allowed.map { .string($0) })
            } else {
                if minimum > 0 { object["minLength"] = .int(Int64(minimum)) }
                object["maxLength"] = .int(Int64(maximum))
                if let pattern { object["pattern"] = .string("^(?:\(pattern.core))\(minimum > 0 ? "" : "?")$") }
            }
            return .object(object)
        case .integer(let minimum, let maximum):
            var object: Object = ["type": .string("integer"), "format": .string("int64")]
            if minimum != .min { object["minimum"] = .int(minimum) }
            if maximum != .max { object["maximum"] = .int(maximum) }
            return .object(object)
        case .decimal: return Self.reference("Decimal")
        case .money: return Self.reference("Money")
        case .boolean: return .object(["type": .string("boolean")])
        case .date: return .object(["type": .string("string"), "format": .string("date")])
        case .instant: return .object(["type": .string("string"), "format": .string("date-time")])
        case .array(let item, let minimum, let maximum):
            var object: Object = ["type": .string("array"), "items": item.openAPI]
            if minimum > 0 { object["minItems"] = .int(Int64(minimum)) }
            object["maxItems"] = .int(Int64(maximum))
            return .object(object)
        case .object(let members):
            var properties = Object()
            for member in members { properties[member.name] = member.openAPI }
            var object: Object = ["type": .string("object"), "properties": .object(properties)]
            let required = members.filter(\.required)
            if !required.isEmpty { object["required"] = .array(required.map { .string($0.name) }) }
            object["additionalProperties"] = .bool(false)
            return .object(object)
        case .map(let schema):
            return .object(["type": .string("object"), "additionalProperties": schema.openAPI])
        case .any: return .object([:])
        case .bounded(let schema, let minimum, let maximum):
            // Numbers as text have no bounds in JSON Schema; those that are numbers do.
            var object = schema.openAPI.object ?? Object()
            if let minimum = minimum?.wholeValue { object["minimum"] = .int(Int64(minimum)) }
            if let maximum = maximum?.wholeValue { object["maximum"] = .int(Int64(maximum)) }
            return .object(object)
        case .nullable(let schema):
            return .object(["anyOf": .array([schema.openAPI, .object(["type": .string("null")])])])
        }
    }

    /// A value of the shape, made of the members' own examples where they have one.
    package var example: Value {
        switch self {
        case .string(let minimum, _, let allowed, let pattern):
            if let first = allowed.first { return .string(first) }
            if let pattern { return .string(pattern.sample) }
            return .string(minimum > 6 ? String(repeating: "x", count: minimum) : "string")
        case .integer(let minimum, let maximum): return .int(min(max(1, minimum), maximum))
        case .decimal: return .string("1.25")
        case .money: return .int(1250)
        case .boolean: return .bool(true)
        case .date: return .string("2026-01-31")
        case .instant: return .string("2026-01-31T09:30:00.000Z")
        case .array(let item, let minimum, _):
            return .array(Array(repeating: item.example, count: max(1, minimum)))
        case .object(let members):
            var object = Object()
            for member in members { object[member.name] = member.example ?? member.schema.example }
            return .object(object)
        case .map(let schema): return .object(["key": schema.example])
        case .any: return .object([:])
        case .bounded(let schema, let minimum, let maximum):
            if case .money = schema { return .int(min(max(1250, Int64(minimum?.wholeValue ?? 0)), Int64(maximum?.wholeValue ?? .max))) }
            guard let bound = [minimum, maximum].compactMap(\.self).first(where: { $0 != Decimal(0) }) else { return schema.example }
            return .string(bound.description)
        case .nullable(let schema): return schema.example
        }
    }

    private static func reference(_ name: String) -> Value {
        .object(["$ref": .string("#/components/schemas/\(name)")])
    }
}

extension Schema.Member {
    fileprivate var openAPI: Value {
        guard case .object(var object) = schema.openAPI else { return .object([:]) }
        if !summary.isEmpty { object["description"] = .string(summary) }
        if let example { object["examples"] = .array([example]) }
        return .object(object)
    }
}
