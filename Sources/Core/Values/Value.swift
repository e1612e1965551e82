/// One tree for JSON, Lua and rows.
///
/// JSON has no decimals and no money: a `decimal` is written as a string (`"1.25"`), a `money` as its
/// integer minor units, with the currency in a field beside it. Neither is ever read back as such.
package enum Value: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([Value])
    case object(Object)
    case decimal(Decimal)
    case money(Money)

    /// The member of an object; nil when this is no object or has no such key.
    package subscript(key: String) -> Value? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    /// The element of an array; nil when this is no array or the index is out of range.
    package subscript(index: Int) -> Value? {
        if case .array(let items) = self, items.indices.contains(index) { items[index] } else { nil }
    }

    package var isNull: Bool { if case .null = self { true } else { false } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var int: Int64? { if case .int(let value) = self { value } else { nil } }
    package var double: Double? { if case .double(let value) = self { value } else { nil } }
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var array: [Value]? { if case .array(let value) = self { value } else { nil } }
    package var object: Object? { if case .object(let value) = self { value } else { nil } }
    package var money: Money? { if case .money(let value) = self { value } else { nil } }

    /// The exact number of a decimal, an integer or a decimal string; never of a `double`.
    package var decimal: Decimal? {
        switch self {
        case .decimal(let value): value
        case .int(let value): Decimal(value)
        case .string(let text): try? Decimal(text)
        default: nil
        }
    }

    /// What a person calls this kind of value, for messages: `"an integer"`, `"null"`.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int: "an integer"
        case .double: "a fraction"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        case .decimal: "a decimal"
        case .money: "an amount of money"
        }
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: Value...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, Value)...) {
        var object = Object()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}

extension Value: CustomStringConvertible {
    /// The value as compact JSON.
    package var description: String { String(decoding: JSON.serialize(self), as: UTF8.self) }
}
