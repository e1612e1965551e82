import Core
import Storage

/// How values go into a column and come out of it.
extension RecordColumn {
    /// A value as the column keeps it: checked against the field's kind and bounds.
    enum Stored {
        case null
        case int(Int64)
        case text(String)
        case bytes([UInt8])
    }

    /// - Parameter currency: of the record; money in another is refused.
    /// - Returns: nil, and a fault appended, when the value does not fit the field.
    func stored(_ value: Value?, currency: Currency, place: String, _ faults: inout [Schema.Fault]) -> Stored? {
        func wrong(_ code: String, _ message: String) -> Stored? {
            faults.append(Schema.Fault(field: place, code: code, message: message))
            return nil
        }
        // Nothing counts as left out.
        guard let value = value == .null ? field.fallback : value ?? field.fallback else {
            return field.required ? wrong("required", "is missing") : .null
        }
        switch field.kind {
        case .text, .encrypted:
            guard case .string(let text) = value else { return wrong("type", "must be text") }
            if field.required, text.isEmpty { return wrong("required", "must not be empty") }
            let most = field.maximum?.wholeValue ?? 10_000
            if let least = field.minimum?.wholeValue, !text.isEmpty || field.required, text.unicodeScalars.count < least {
                return wrong("too_short", "must have at least \(least) characters")
            }
            if text.utf8.count > most, text.unicodeScalars.count > most { return wrong("too_long", "must have at most \(most) characters") }
            if let pattern = field.pattern, !text.isEmpty || field.required, !pattern.matches(text) {
                return wrong("pattern", "must look like \(pattern.source)")
            }
            return .text(text)
        case .enum:
            guard case .string(let text) = value, field.values.contains(text) else {
                return wrong("not_allowed", "must be one of \(field.values.joined(separator: ", "))")
            }
            return .text(text)
        case .integer, .ref, .file:
            guard case .int(let number) = value else { return wrong("type", "must be an integer") }
            return bounded(number, Decimal(number), &faults, place)
        case .decimal, .percent:
            let number: Decimal
            switch value {
            case .decimal(let given): number = given
            case .int(let given): number = Decimal(given)
            case .string(let text):
                guard let given = try? Decimal(text) else { return wrong("type", "must be a decimal such as \"1.25\"") }
                number = given
            case .double: return wrong("type", "must be an exact decimal, not floating point")
            default: return wrong("type", "must be a decimal such as \"1.25\"")
            }
            guard let scaled = number.scaled(places: places) else {
                return wrong("precision", "must have at most \(places) decimal place\(places == 1 ? "" : "s")")
            }
            return bounded(scaled, number, &faults, place)
        case .money:
            let minor: Int64
            switch value {
            case .money(let money):
                guard money.currency == currency else {
                    return wrong("currency", "is in \(money.currency.code), this record is in \(currency.code)")
                }
                minor = money.minor
            case .int(let given): minor = given
            default: return wrong("type", "must be an amount of money in minor units")
            }
            guard minor.magnitude <= 1_000_000_000_000_000 else { return wrong("out_of_range", "must be at most 10^15 minor units") }
            return bounded(minor, Decimal(minor), &faults, place)
        case .boolean:
            guard case .bool(let flag) = value else { return wrong("type", "must be true or false") }
            return .int(flag ? 1 : 0)
        case .date:
            guard case .string(let text) = value, (try? CalendarDate(text)) != nil else {
                return wrong("type", "must be a date such as \"2026-01-31\"")
            }
            return .text(text)
        case .instant:
            guard case .string(let text) = value, let instant = try? Instant(text) else {
                return wrong("type", "must be an instant such as \"2026-01-31T09:30:00.000Z\"")
            }
            return .text(instant.description)
        case .json:
            return .text(String(decoding: JSON.serialize(value), as: UTF8.self))
        case .lines, .list, .object, .function:
            return wrong("type", "has no column")
        }
    }

    private func bounded(_ stored: Int64, _ number: Decimal, _ faults: inout [Schema.Fault], _ place: String) -> Stored? {
        if let minimum = field.minimum, number < minimum {
            faults.append(Schema.Fault(field: place, code: "out_of_range", message: "must be at least \(minimum)"))
            return nil
        }
        if let maximum = field.maximum, number > maximum {
            faults.append(Schema.Fault(field: place, code: "out_of_range", message: "must be at most \(maximum)"))
            return nil
        }
        return .int(stored)
    }

    func bind(_ value: Stored, to statement: Statement, at index: Int32) {
        switch value {
        case .null: statement.bindNull(index)
        case .int(let number): statement.bind(index, number)
        case .text(let text): statement.bind(index, text)
        case .bytes(let bytes): statement.bind(index, bytes)
        }
    }

    /// The column's value in the current row.
    func value(_ statement: Statement, _ column: Int32, currency: Currency) -> Value {
        if statement.isNull(column) { return .null }
        switch field.kind {
        case .encrypted: return .string(RecordSeal.mask)
        case .integer, .ref, .file: return .int(statement.int64(column))
        case .decimal, .percent: return (try? Decimal(coefficient: statement.int64(column), scale: places)).map(Value.decimal) ?? .null
        case .money: return .money(Money(minor: statement.int64(column), currency))
        case .boolean: return .bool(statement.int64(column) != 0)
        case .json: return (try? JSON.parse(Array(statement.text(column).utf8))) ?? .null
        default: return .string(statement.text(column))
        }
    }
}
