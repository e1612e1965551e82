import Core

/// The shape of a JSON value: checked on the way in, described in OpenAPI on the way out.
package indirect enum Schema: Sendable {
    case string(minLength: Int = 0, maxLength: Int = 10_000, allowed: [String] = [], pattern: TextPattern? = nil)
    case integer(minimum: Int64 = .min, maximum: Int64 = .max)
    /// An exact number: a string such as `"1.25"`, or an integer.
    case decimal
    /// An integer in minor units of the currency beside it, or of the tenant.
    case money
    case boolean
    /// `2026-01-31`
    case date
    /// `2026-01-31T09:30:00.000Z`
    case instant
    case array(Schema, minItems: Int = 0, maxItems: Int = 1_000)
    case object([Member])
    /// An object with members of any name.
    case map(Schema)
    case any
    case nullable(Schema)
    /// A decimal, or money in minor units, within bounds.
    case bounded(Schema, minimum: Decimal? = nil, maximum: Decimal? = nil)

    package struct Member: Sendable {
        package var name: String
        package var schema: Schema
        package var required: Bool
        package var summary: String
        package var example: Value?

        package init(_ name: String, _ schema: Schema, required: Bool = false, _ summary: String = "", example: Value? = nil) {
            self.name = name
            self.schema = schema
            self.required = required
            self.summary = summary
            self.example = example
        }
    }

    /// One thing wrong with a value, and where.
    package struct Fault: Sendable, Equatable {
        /// `lines[0].sku`; empty for the value itself.
        package var field: String
        package var code: String
        package var message: String

        package init(field: String, code: String, message: String) {
            self.field = field
            self.code = code
            self.message = message
        }
    }

    /// The value as the endpoint wants it: decimals and dates checked and normalised, unknown members refused.
    /// - Throws: 422 `request.invalid` with all faults at once in `errors`.
    package func read(_ value: Value, currency: Currency? = nil) throws -> Value {
        var faults: [Fault] = []
        let result = check(value, at: "", currency: currency, &faults)
        guard faults.isEmpty else { throw Problem.invalid(faults) }
        return result
    }

    func check(_ value: Value, at place: String, currency: Currency?, _ faults: inout [Fault]) -> Value {
        func wrong(_ code: String, _ message: String) -> Value {
            faults.append(Fault(field: place, code: code, message: message))
            return .null
        }
        switch self {
        case .any:
            return value
        case .nullable(let schema):
            return value == .null ? .null : schema.check(value, at: place, currency: currency, &faults)
        case .bounded(let schema, let minimum, let maximum):
            let count = faults.count
            let result = schema.check(value, at: place, currency: currency, &faults)
            guard faults.count == count else { return result }
            let number: Decimal? =
                switch result {
                case .decimal(let number): number
                case .money(let amount): Decimal(amount.minor)
                case .int(let minor): Decimal(minor)
                default: nil
                }
            guard let number else { return result }
            if let minimum, number < minimum { return wrong("out_of_range", "must be at least \(minimum)") }
            if let maximum, number > maximum { return wrong("out_of_range", "must be at most \(maximum)") }
            return result
        case .boolean:
            guard case .bool = value else { return wrong("type", "must be true or false") }
            return value
        case .string(let minimum, let maximum, let allowed, let pattern):
            guard case .string(let text) = value else { return wrong("type", "must be a string") }
            guard allowed.isEmpty || allowed.contains(text) else {
                return wrong("not_allowed", "must be one of \(allowed.joined(separator: ", "))")
            }
            let length = text.unicodeScalars.count
            guard length >= minimum else {
                return wrong("too_short", minimum == 1 ? "must not be empty" : "must have at least \(minimum) characters")
            }
            guard length <= maximum else { return wrong("too_long", "must have at most \(maximum) characters") }
            if let pattern, length > 0 || minimum > 0, !pattern.matches(text) { return wrong("pattern", "must look like \(pattern.source)") }
            return value
        case .integer(let minimum, let maximum):
            guard case .int(let number) = value else { return wrong("type", "must be an integer") }
            guard number >= minimum, number <= maximum else {
                return wrong("out_of_range", Self.range(minimum, maximum))
            }
            return value
        case .decimal:
            switch value {
            case .int(let number): return .decimal(Decimal(number))
            case .decimal: return value
            case .string(let text):
                guard let number = try? Decimal(text) else { return wrong("type", "must be a decimal string such as \"1.25\"") }
                return .decimal(number)
            case .double: return wrong("type", "must be a decimal string such as \"1.25\" or an integer: floating point is not exact")
            default: return wrong("type", "must be a decimal string such as \"1.25\"")
            }
        case .money:
            guard case .int(let minor) = value else { return wrong("type", "must be an integer in minor units") }
            guard minor.magnitude <= 1_000_000_000_000_000 else {
                return wrong("out_of_range", "must be at most 10^15 minor units")
            }
            return currency.map { .money(Money(minor: minor, $0)) } ?? value
        case .date:
            guard case .string(let text) = value, (try? CalendarDate(text)) != nil else {
                return wrong("type", "must be a date such as \"2026-01-31\"")
            }
            return value
        case .instant:
            guard case .string(let text) = value, let instant = try? Instant(text) else {
                return wrong("type", "must be an instant such as \"2026-01-31T09:30:00.000Z\"")
            }
            return .string(instant.description)
        case .array(let item, let minimum, let maximum):
            guard case .array(let items) = value else { return wrong("type", "must be an array") }
            guard items.count >= minimum else { return wrong("too_few", "must have at least \(minimum) item\(minimum == 1 ? "" : "s")") }
            guard items.count <= maximum else { return wrong("too_many", "must have at most \(maximum) items") }
            return .array(items.enumerated().map { item.check($1, at: "\(place)[\($0)]", currency: currency, &faults) })
        case .map(let schema):
            guard case .object(let object) = value else { return wrong("type", "must be an object") }
            var result = Object()
            for (key, member) in object {
                result[key] = schema.check(member, at: Self.join(place, key), currency: currency, &faults)
            }
            return .object(result)
        case .object(let members):
            guard case .object(let object) = value else { return wrong("type", "must be an object") }
            var result = Object()
            for member in members {
                let at = Self.join(place, member.name)
                if let given = object[member.name], given != .null || member.schema.takesNull {
                    result[member.name] = member.schema.check(given, at: at, currency: currency, &faults)
                } else if member.required {
                    faults.append(Fault(field: at, code: "required", message: "is missing"))
                }
            }
            for key in object.keys where !members.contains(where: { $0.name == key }) {
                faults.append(Fault(field: Self.join(place, key), code: "unknown", message: "is not known here"))
            }
            return .object(result)
        }
    }

    private var takesNull: Bool {
        switch self {
        case .nullable, .any: true
        default: false
        }
    }

    private static func join(_ place: String, _ name: String) -> String {
        place.isEmpty ? name : "\(place).\(name)"
    }

    private static func range(_ minimum: Int64, _ maximum: Int64) -> String {
        if maximum == .max { return "must be at least \(minimum)" }
        if minimum == .min { return "must be at most \(maximum)" }
        return "must be from \(minimum) to \(maximum)"
    }
}

extension Problem {
    /// 422 `request.invalid`, with every fault in `errors` and the first one in `detail`.
    package static func invalid(_ faults: [Schema.Fault]) -> Problem {
        let first = faults[0]
        let place = first.field.isEmpty ? "The body" : "“\(first.field)”"
        let more = faults.count > 1 ? " (and \(faults.count - 1) more)" : ""
        return Problem(
            422, "request.invalid", "\(place) \(first.message)\(more).", field: first.field.isEmpty ? nil : first.field,
            extra: [
                ("errors", .array(faults.map {
                    .object(["field": .string($0.field), "code": .string($0.code), "message": .string($0.message)])
                }))
            ])
    }
}
